// Another program that has the database open: a plain connection, which takes what SQLite gives it.
#ifndef VICINITY_OTHER_PROGRAM_H
#define VICINITY_OTHER_PROGRAM_H

typedef struct other_program other_program;

// NULL if the database cannot be opened for writing.
other_program *_Nullable other_program_open(const char *_Nonnull database);
// Runs statements, whatever they return. A result code of SQLite.
int other_program_run(other_program *_Nonnull program, const char *_Nonnull sql);
void other_program_close(other_program *_Nonnull program);

#endif
