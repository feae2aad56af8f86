/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --oci: what an image wants to be run as, and what becomes of the command line by that. Reads no file.
 *
 * It is kept with the unpacked tree as words that end in a NUL, in any order, the first byte of each being its kind.
 */
#ifndef CLI_OCI_H
#define CLI_OCI_H

#include "cli/options.h"

#define OCI_ENTRYPOINT 'E' /* a word of it */
#define OCI_COMMAND 'C'	   /* a word of what is run, or follows the entrypoint, where no command is given */
#define OCI_VARIABLE 'V'   /* NAME=VALUE */
#define OCI_DIRECTORY 'D'  /* where it starts */
#define OCI_USER 'U'	   /* USER[:GROUP], names or numbers */

/*
 * Let the words TEXT of LENGTH bytes count in CONFIG, as far as the command line does not say otherwise. TEXT has to
 * stay as long as CONFIG. 0, -EINVAL where it is malformed, or -ENOMEM.
 */
int oci_apply(struct config *config, const char *text, size_t length);

#endif
