/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * owner_record_read() of any bytes; what it accepts, owner_record_write() writes so that it is read alike, and
 * no longer than it says.
 */
#include "image/owner_record.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned char buf[OWNER_RECORD_SIZE];
	struct owner_record record, again;
	size_t length;

	if (!owner_record_read(&record, data, size))
		return 0;
	length = owner_record_write(&record, buf, sizeof(buf));
	if (length > sizeof(buf) || !owner_record_read(&again, buf, length) || again.uid != record.uid ||
	    again.gid != record.gid || again.has_mode != record.has_mode || again.mode != record.mode ||
	    again.device != record.device)
		abort();
	return 0;
}
