/*
 * checkpw_file: changes to an authusers file, whole or not at all: a new file
 * takes the old one's name, with its owner and mode. One change at a time: the
 * directory is locked.
 */
#ifndef CHECKPW_FILE_H
#define CHECKPW_FILE_H

#include "buf.h"

/*
 * Gives user these entries in the file, in the place of the ones there, or
 * takes the user out of it (value p NULL). A file that does not exist is
 * made, 0600. 0; 1 when there is no such user to take out; -1 with one line in
 * err, and the file as it was.
 */
int checkpw_file_change(const char *path, struct span user, struct span value,
    struct buf *err);

/* Makes the table to of the text file from: 0, or -1 and err. */
int checkpw_file_compile(const char *from, const char *to, struct buf *err);

#endif
