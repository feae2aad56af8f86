/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Running the command in the view: where it starts, which file it is, and the
 * words and environment it gets.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "cli/options.h"
#include "image/image.h"

/*
 * Run the command of CONFIG in the guest that DATA describes, and wait for it.
 * DATA gets the settings besides its view. Prints what goes wrong. Returns the
 * exit status of proot.
 */
int command_run(const struct config *config, struct image_data *data);

/* Explain the path that CONFIG names, on stdout: --explain. Likewise. */
int command_explain(const struct config *config, struct image_data *data);

#endif
