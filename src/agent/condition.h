/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a row says of when its call traps, as the filter has it (engine/filter.c), for calls that have not come through
 * the filter.
 */
#ifndef AGENT_CONDITION_H
#define AGENT_CONDITION_H

#include "agent/agent.h"
#include "agent/calls.h"

/* Whether the call of ROW, which traps at times, traps with ARGUMENTS. */
static inline bool condition_holds(const struct call_row *row, const unsigned long arguments[6])
{
	unsigned long argument = arguments[row->when_argument];

	switch (row->condition) {
	case WHEN_SET:
		return argument;
	case WHEN_AMONG:
		return (uint32_t)argument < 64 && row->when_value >> (uint32_t)argument & 1;
	case WHEN_DIFFERS:
		return (uint32_t)argument != (uint32_t)row->when_value;
	case WHEN_EQUALS:
		return (uint32_t)argument == (uint32_t)row->when_value || (uint32_t)argument == row->when_value >> 32;
	case WHEN_SENDS:
		return image_data()->flags & (uint32_t)row->when_value ||
		       ((uint32_t)argument < 32 && row->when_value >> 32 >> (uint32_t)argument & 1);
	case WHEN_OURS:
		return argument >> 32 == IMAGE_ADDRESS >> 32 || arguments[row->when_argument + 1] >> 32;
	case WHEN_SETTING:
		return image_data()->flags & row->when_value;
	case WHEN_WITHOUT:
		return !(image_data()->flags & row->when_value);
	case WHEN_EITHER:
		return image_data()->flags & row->when_value || the_view()->flags & row->when_value >> 32;
	case WHEN_VIEW:
		return the_view()->flags & row->when_value;
	default:
		return true;
	}
}

#endif
