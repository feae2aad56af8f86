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
int version_print(void);

#endif
