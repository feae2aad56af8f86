/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proot inside proot: questions to the agent that this process is a guest of (image/nest.h).
 */
#ifndef ENGINE_NEST_H
#define ENGINE_NEST_H

#include "image/nest.h"

/* Whether there is a proot around this process. */
bool nest_is_guest(void);
/*
 * Who this process is in the proot around it. 0; -ENOSYS: there is none; -EPROTO: there is one, of another
 * build. Ids may change the answer: ask again.
 */
int nest_ask(struct nest *nest);
/*
 * The same of any build, as text (image/describe.h), into BUF of SIZE: its length, -ENOSPC; -EPROTO: that one can't
 * tell.
 */
int nest_ask_text(char *buf, size_t size);
/* The filters of this process's own, COUNT of them, into STRINGS, as they stand in front of a state. 0 or a negative
 * errno. */
int nest_ask_filters(const char **strings, uint32_t count);
/* The image this process runs on: a close-on-exec descriptor, or a negative errno. */
int nest_open_image(void);
/* Have what stood for a tmpfs of DATA's view removed: 0, or -EBUSY when a guest still has that. */
int nest_tidy(const struct image_data *data);
/* Whether the agent can install a filter for this process: as engine_can_filter(). */
bool nest_can_filter(void);

#endif
