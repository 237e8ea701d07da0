// libsystemd: the notify protocol, socket activation and the journal.
#ifndef VICINITY_CSYSTEMD_H
#define VICINITY_CSYSTEMD_H

#include <systemd/sd-daemon.h>
#include <systemd/sd-journal.h>

#endif
