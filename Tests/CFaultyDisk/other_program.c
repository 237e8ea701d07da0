#include "other_program.h"

#include <sqlite3.h>
#include <stddef.h>

other_program *other_program_open(const char *database) {
    sqlite3 *connection = NULL;
    if (sqlite3_open_v2(database, &connection, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        sqlite3_close(connection);
        return NULL;
    }
    return (other_program *)connection;
}

int other_program_run(other_program *program, const char *sql) { return sqlite3_exec((sqlite3 *)program, sql, NULL, NULL, NULL); }

void other_program_close(other_program *program) { sqlite3_close((sqlite3 *)program); }
