/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --user: whom the command is to run as, found in the text of the guest's /etc/passwd and
 * /etc/group (passwd(5), group(5)). Reads no file and prints nothing.
 */
#ifndef CLI_LOGIN_H
#define CLI_LOGIN_H

#include "image/credentials.h"

#define LOGIN_FIELD_SIZE 1024

struct login {
	struct credentials credentials;
	/* For the environment; "" of who is not in /etc/passwd. */
	char name[LOGIN_FIELD_SIZE];
	char home[LOGIN_FIELD_SIZE];
	char shell[LOGIN_FIELD_SIZE];
	char error[2 * LOGIN_FIELD_SIZE]; /* what is missing, when login_find() failed */
};

/*
 * Fill LOGIN with what WISH names: "NAME" or "NAME:GROUP", each also a number. PASSWD and GROUP are the
 * texts of the files. The groups are those that list the name, and its own. 0, or -EINVAL and LOGIN->error.
 * A number need not be in a file; but the group of who is not in PASSWD has to be given.
 */
int login_find(struct login *login, const char *wish, const char *passwd, const char *group);

#endif
