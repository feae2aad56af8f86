/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table, made from calls.def. The agent compiles it with handlers
 * (CALL_HANDLERS), and only the rows that trap; the command all, without.
 */
#include "agent/calls.h"
#include "image/filter_data.h"
#include "image/image.h"
#include "numbers.h"
#include "view/view.h"
#include <asm/ioctl.h>
#include <asm/signal.h>
#include <asm/socket.h>
#include <linux/errno.h>
#include <linux/fanotify.h>
#include <linux/fcntl.h>
#include <linux/inotify.h>
#include <linux/landlock.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>

#ifndef PR_SET_SYSCALL_USER_DISPATCH
#define PR_SET_SYSCALL_USER_DISPATCH 59 /* Linux 5.11 */
#endif

#define UMOUNT_NOFOLLOW 8 /* include/linux/fs.h */

#ifdef CALL_HANDLERS
#include "agent/handlers.h"
#define HANDLER(function) .handler = function
#else
#define HANDLER(function) .handler = NULL
#endif

#define ALWAYS .condition = WHEN_ALWAYS
#define SET(arg) .condition = WHEN_SET, .when_argument = (arg)
#define AMONG(arg, bits) .condition = WHEN_AMONG, .when_argument = (arg), .when_value = (bits)
#define BIT(number) (1ull << (number))
#define DIFFERS(arg, number) .condition = WHEN_DIFFERS, .when_argument = (arg), .when_value = (number)
#define EQUALS(arg, a, b) .condition = WHEN_EQUALS, .when_argument = (arg), .when_value = (uint64_t)(b) << 32 | (a)
#define SENDS(arg, signals, settings) \
	.condition = WHEN_SENDS, .when_argument = (arg), .when_value = (uint64_t)(signals) << 32 | (settings)
#define OURS(arg) .condition = WHEN_OURS, .when_argument = (arg)
#define SETTING(bits) .condition = WHEN_SETTING, .when_value = (bits)
#define WITHOUT(bits) .condition = WHEN_WITHOUT, .when_value = (bits)
#define EITHER(settings, bits) .condition = WHEN_EITHER, .when_value = (uint64_t)(bits) << 32 | (settings)
#define VIEW(bits) .condition = WHEN_VIEW, .when_value = (bits)

#define NONE \
	{ \
		.follow = FOLLOW_NONE \
	}
#define YES(dir, arg) \
	{ \
		dir, arg, FOLLOW_YES, 0, 0 \
	}
#define NO(dir, arg) \
	{ \
		dir, arg, FOLLOW_NO, 0, 0 \
	}
#define UNLESS(dir, arg, where, bit) \
	{ \
		dir, arg, FOLLOW_UNLESS, where, bit \
	}
#define IF(dir, arg, where, bit) \
	{ \
		dir, arg, FOLLOW_IF, where, bit \
	}
#define MAKES(dir, arg) \
	{ \
		dir, arg, FOLLOW_MAKES, 0, 0 \
	}
#define REMOVES(dir, arg) \
	{ \
		dir, arg, FOLLOW_REMOVES, 0, 0 \
	}

#define READS .writes = false
#define WATCHES .once = true, .needs = CALL_NEEDS_READ
#define SEARCHES .needs = CALL_NEEDS_SEARCH
#define ENTERS .moves = true, .needs = CALL_NEEDS_SEARCH
#define FILLS WRITES, .needs = CALL_NEEDS_WRITE
#define OWNS WRITES, .needs = CALL_NEEDS_OWNER
#define TOUCHES WRITES, .touches = true
#define WRITES .writes = true, .once = true
#define MOVES .writes = true, .once = true, .moves = true

#define ROW(call) .name = #call, .nr = NR_##call
#ifdef CALL_HANDLERS
#define PASS(call)
#define REFUSE(call, number)
#else
#define PASS(call) { ROW(call), .action = CALL_PASS },
#define REFUSE(call, number) { ROW(call), .action = CALL_REFUSE, .error = number },
#endif
#define TRAP(call, when, first, second, effect, function) \
	{ ROW(call), .action = CALL_TRAP, when, .paths = { first, second }, effect, HANDLER(function) },

const struct call_row call_rows[] = {
#include "agent/calls.def"
};

const unsigned int call_row_count = ARRAY_SIZE(call_rows);

/* Index of a row + 1 by number, made by the compiler; 0: no row. */
#undef TRAP
#ifndef CALL_HANDLERS
#undef PASS
#undef REFUSE
#define PASS(call) ORDER_##call,
#define REFUSE(call, number) ORDER_##call,
#endif
#define TRAP(call, when, first, second, effect, function) ORDER_##call,
enum {
	ORDER_NONE,
#include "agent/calls.def"
};

#undef TRAP
#ifndef CALL_HANDLERS
#undef PASS
#undef REFUSE
#define PASS(call) [NR_##call] = ORDER_##call,
#define REFUSE(call, number) [NR_##call] = ORDER_##call,
#endif
#define TRAP(call, when, first, second, effect, function) [NR_##call] = ORDER_##call,
static const uint16_t rows_by_number[NR_END] = {
#include "agent/calls.def"
};

const struct call_row *call_find(unsigned long nr)
{
	if (nr > NR_HIGHEST || !rows_by_number[nr])
		return NULL;
	return &call_rows[rows_by_number[nr] - 1];
}

bool call_needs_frame(unsigned long nr)
{
	return nr == NR_rt_sigreturn || nr == NR_sigaltstack || nr == NR_execve || nr == NR_execveat ||
	       nr == NR_seccomp || nr == NR_prctl;
}
