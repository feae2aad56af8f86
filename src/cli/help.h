/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --help and --version, made from the rows of options.def.
 */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#ifndef VERSION
#define VERSION "unknown"
#endif

/* Print to stdout. 0, or a negative errno when that can't be written. */
int help_print(void);
/* All there is to say of the option whose row has NAMES. */
int help_print_option(const char *names);
int version_print(void);

#endif
