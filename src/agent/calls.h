/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The shape of calls.def: what a row of the table of system calls says. The
 * filter, the dispatch, the log and the documentation are made from the rows.
 */
#ifndef AGENT_CALLS_H
#define AGENT_CALLS_H

#include "base/base.h"

enum call_action {
	CALL_UNKNOWN, /* no row: ENOSYS */
	CALL_PASS,    /* carries no path, identity or root */
	CALL_REFUSE,  /* answered with ERROR, by the filter */
	CALL_TRAP,    /* goes to the handler when WHEN holds; passes otherwise */
};

enum call_condition {
	WHEN_ALWAYS,
	WHEN_SET,     /* argument WHEN_ARGUMENT is not 0 (NULL) */
	WHEN_AMONG,   /* its low word is the number of a bit of WHEN_VALUE */
	WHEN_DIFFERS, /* its low word differs from WHEN_VALUE */
	WHEN_EQUALS,  /* its low word is the low or the high half of WHEN_VALUE */
	WHEN_SENDS, /* argument WHEN_ARGUMENT is the number of a bit of WHEN_VALUE's high half; or its low half as with
		       WHEN_SETTING */
	WHEN_OURS,  /* it may be an address of the image, or a length that goes as far, in the argument behind it */
	WHEN_SETTING, /* WHEN_VALUE is among the settings: enum image_flags */
	WHEN_WITHOUT, /* none of WHEN_VALUE is */
	WHEN_EITHER,  /* its low half as with WHEN_SETTING, or its high half as with WHEN_VIEW */
	WHEN_VIEW,    /* the view has a binding with one of the flags WHEN_VALUE */
};

/* How the last component of a path is treated. */
enum call_follow {
	FOLLOW_NONE, /* no path here */
	FOLLOW_YES,
	FOLLOW_NO,
	FOLLOW_UNLESS,	/* unless argument FLAGS has the bit FLAG */
	FOLLOW_IF,	/* only if it has */
	FOLLOW_MAKES,	/* the call makes it */
	FOLLOW_REMOVES, /* the call removes or renames it */
};

/* What the user must be granted by a file's mode, or be its owner. The first three are those of access(2). */
enum call_needs {
	CALL_NEEDS_SEARCH = 1,
	CALL_NEEDS_WRITE = 2,
	CALL_NEEDS_READ = 4,
	CALL_NEEDS_OWNER = 8,
};

struct call_path {
	int8_t directory; /* argument with the descriptor it is relative to, or CALL_CWD */
	int8_t path;	  /* argument with the path */
	uint8_t follow;	  /* enum call_follow */
	int8_t flags;	  /* argument with flags */
	uint32_t flag;
};

#define CALL_CWD (-1)

struct call;

/* Returns what the guest's call returns, or CALL_RESUME. */
typedef long call_handler(struct call *call);

struct call_row {
	const char *name;
	uint16_t nr;
	uint8_t action;	   /* enum call_action */
	uint8_t condition; /* enum call_condition */
	uint8_t when_argument;
	uint8_t error; /* of CALL_REFUSE: a positive errno */
	bool writes;   /* changes what the path names: EROFS on a virtual directory */
	bool touches;  /* what it changes is the object of the descriptor in argument 0 */
	bool once;     /* made again it would do something else, or say so */
	uint8_t needs; /* of who makes it, towards what its path names, if that is not made or removed: enum call_needs
			*/
	bool moves;    /* changes what names mean: agent/plain.h */
	uint64_t when_value;
	struct call_path paths[2];
	call_handler *handler;
};

/* Whether the last component of the path of SHAPE, of a call with ARGUMENTS, is followed if it is a link. */
static inline bool call_follows(const struct call_path *shape, const unsigned long arguments[6])
{
	bool flag = arguments[shape->flags] & shape->flag;

	return shape->follow == FOLLOW_YES || shape->follow == (flag ? FOLLOW_IF : FOLLOW_UNLESS);
}

/* Whether the last component of the path of SHAPE is made or removed. */
static inline bool call_is_of_entry(const struct call_path *shape)
{
	return shape->follow == FOLLOW_MAKES || shape->follow == FOLLOW_REMOVES;
}

/* The table and the number of its rows; handlers are NULL in the command. */
extern const struct call_row call_rows[];
extern const unsigned int call_row_count;

/* Calls that need the kernel's signal frame, or leave no way back without: their sites are never patched. */
bool call_needs_frame(unsigned long nr);

/* The row of NR, or NULL; in the agent of those that trap. */
const struct call_row *call_find(unsigned long nr);

#endif
