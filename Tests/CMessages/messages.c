#define _GNU_SOURCE
#include "include/messages.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { most_descriptors = 253 };  // SCM_MAX_FD of the kernel

long messages_receive(int socket, void *bytes, size_t size, int *descriptors, size_t *count) {
    union {
        char bytes[CMSG_SPACE(sizeof(int) * most_descriptors)];
        struct cmsghdr align;
    } control;
    struct iovec text = {.iov_base = bytes, .iov_len = size};
    struct msghdr message = {.msg_iov = &text, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    ssize_t length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    if (length < 0) { return -errno; }
    size_t room = *count;
    *count = 0;
    for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) { continue; }
        size_t found = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t place = 0; place < found; place++) {
            int descriptor;
            memcpy(&descriptor, CMSG_DATA(header) + place * sizeof(int), sizeof descriptor);
            if (*count < room) {
                descriptors[(*count)++] = descriptor;
            } else {
                close(descriptor);
            }
        }
    }
    return length;
}

int messages_send(int socket, const char *path, const char *text, int descriptor) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) { return -ENAMETOOLONG; }
    strcpy(address.sun_path, path);
    union {
        char bytes[CMSG_SPACE(sizeof(int))];
        struct cmsghdr align;
    } control;
    memset(&control, 0, sizeof control);
    struct iovec line = {.iov_base = (void *)text, .iov_len = strlen(text)};
    struct msghdr message = {
        .msg_name = &address, .msg_namelen = sizeof address, .msg_iov = &line, .msg_iovlen = 1,
        .msg_control = &control, .msg_controllen = sizeof control,
    };
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof descriptor);
    memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}
