/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the command asks of the host's file system: the operations the view and
 * the plan need, and canonical host paths.
 */
#ifndef CLI_HOST_H
#define CLI_HOST_H

#include "cli/options.h"
#include "image/plan.h"
#include "view/view.h"

/* For options_parse(). */
extern const struct options_host host_for_options;

/* For view_resolve(), in the command. What lies below /proc/PID or /proc/self stays symbolic. */
extern const struct view_operations host_view_operations;

/* For plan_exec(); the context is a struct host_guest. */
extern const struct plan_operations host_plan_operations;

/* The guest as the plan's operations see it. */
struct host_guest {
	const struct view *view;
	const char *guest_cwd; /* canonical */
	struct view_scratch scratch;
	struct view_result result;
};

/* The current directory, canonical, in BUF of PATH_SIZE bytes. 0 or a negative errno. */
int host_current_directory(char *buf);

/*
 * PATH with a leading $VARIABLE, if that is set, replaced by its value, in BUF
 * of PATH_SIZE bytes. 0 or -ENAMETOOLONG.
 */
int host_expand(const char *path, char *buf);

/*
 * The canonical form of PATH of the host, relative to the current directory,
 * in BUF of PATH_SIZE bytes. /proc/self stays what it is: each guest process
 * sees its own; but what /proc/self/cwd and the like lead to, if that is a
 * directory, is it for all. 0, or a negative errno (-ENOENT when there is no such file).
 */
int host_canonicalise(const char *path, char *buf);

/*
 * A descriptor of the virtual directory that entry BINDING of the view is, as
 * the agent makes them: a directory made in TEMPORARY (if not "") or the usual
 * places, and removed at once. Or a negative errno.
 */
int host_open_virtual(uint32_t binding, const char *temporary);

/* Whether /proc is there, and is that of processes. */
bool host_has_proc(void);
/* Whether openat2(2) is there for us: 0, or a negative errno. */
int host_check_openat2(void);
/*
 * What of System V IPC the machine denies, by not having it, by a filter's EPERM, or by SIGSYS: bits of IMAGE_SYSTEM_V.
 * *KILLING gets those for which it kills whoever asks, without a signal that can be caught.
 */
uint32_t host_find_missing_system_v(uint32_t *killing);
/* Whether there are shared segments: one system call, which may be answered by SIGSYS that can be caught, as Android's
 * is. */
bool host_has_segments(void);
bool host_is_directory(const char *host_path);
/* Whether HOST_PATH exists; a symbolic link does, wherever it leads. */
bool host_exists(const char *host_path);
/* 0 when this process may enter the directory HOST_PATH, or a negative errno. */
int host_may_enter(const char *host_path);

#endif
