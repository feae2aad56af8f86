/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages to the user: one line on stderr each, "proot error: ...", of about
 * 2000 characters at most.
 * The only place of the command that prints them.
 */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

/* Below 0 there are no warnings and no information, from 1 on there is more information. */
void message_set_level(int level);

void message_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
void message_warning(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Said from verbosity LEVEL on. */
void message_info(int level, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The line that follows each usage error, and that for what the machine may be to blame for. */
void message_see_help(void);
void message_see_doctor(void);

#endif
