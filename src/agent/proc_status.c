/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * /proc/PID/status of a guest: our seccomp filter, no_new_privs and handler of
 * SIGSYS are not the guest's; its credentials are those it believes to have. While this is read, our handler runs in
 * the calling thread, with all signals blocked.
 */
#include "agent/filters.h"
#include "agent/identity.h"
#include "agent/kin.h"
#include "agent/privileges.h"
#include "agent/proc.h"
#include "agent/proc_copy.h"
#include "agent/signal.h"
#include <asm/fcntl.h>
#include <linux/fcntl.h>
#include <linux/seccomp.h>

#define FILTERS "Seccomp_filters:\t"

/* Whose status it is, and what is known of it. */
struct subject {
	long thread, process;
	long filters; /* of ours */
	struct signal_facts signals;
	const struct credentials *credentials; /* NULL: as the kernel says */
};

/* The value of a line of TEXT that begins with NAME, or -1. */
static long number_behind(const char *line, const char *name)
{
	if (!text_begins(line, name))
		return -1;
	line += strlen(name);
	return text_read_number(&line);
}

static void add_mask(struct copy *copy, unsigned long mask)
{
	for (int shift = 60; shift >= 0; shift -= 4)
		text_add_bytes(&copy->out, &"0123456789abcdef"[mask >> shift & 15], 1);
}

static unsigned long with_bit(unsigned long mask, bool is_set)
{
	return (mask & ~SIGNAL_BIT(SIGSYS)) | (is_set ? SIGNAL_BIT(SIGSYS) : 0);
}

/* The guest's own value of the mask that LINE tells. */
static unsigned long guest_mask(struct copy *copy, const struct subject *subject, const char *line, unsigned long mask)
{
	if (text_begins(line, "SigCgt"))
		return with_bit(mask & ~subject->signals.faults, subject->signals.catches);
	if (text_begins(line, "SigIgn"))
		return with_bit(mask, subject->signals.ignores);
	if (subject->thread == GATE_0(NR_gettid))
		mask = *registers_mask(copy->slot->call.context);
	return with_bit(mask, signal_blocks(&subject->signals, (int)subject->thread, mask));
}

static bool copy_mask(struct copy *copy, const struct subject *subject, const char *line)
{
	static const char *const names[] = { "SigBlk:\t", "SigIgn:\t", "SigCgt:\t" };
	unsigned long mask;

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		const char *at = line + strlen(names[i]);

		if (!text_begins(line, names[i]) || !text_read_hex(&at, &mask))
			continue;
		text_add(&copy->out, names[i]);
		add_mask(copy, guest_mask(copy, subject, line, mask));
		return true;
	}
	return false;
}

static void add_number(struct copy *copy, const char *name, long number)
{
	text_add(&copy->out, name);
	text_add_number(&copy->out, number);
	copy_end_line(copy);
}

bool proc_status_has_filters(void)
{
	char text[4096];
	long fd = GATE_4(NR_openat, AT_FDCWD, "/proc/thread-self/status", O_RDONLY | O_CLOEXEC, 0), length;

	if (fd < 0)
		return false;
	length = GATE_3(NR_read, fd, text, sizeof(text) - 1);
	GATE_1(NR_close, fd);
	text[MAX(length, 0)] = '\0';
	for (const char *line = text; *line; line++)
		if ((line == text || line[-1] == '\n') && text_begins(line, FILTERS))
			return number_behind(line, FILTERS) > (long)kin_filters(GATE_0(NR_gettid));
	return false;
}

/* "Seccomp:" comes before the number of filters (Linux 5.9) that it depends on. LINE is the one behind it. */
static bool copy_seccomp(struct copy *copy, const struct subject *subject, const char *line)
{
	long count = number_behind(line, FILTERS), own = MAX(count - subject->filters, 0);

	bool is_strict = own == 1 && filters_read_strict(subject->thread);

	add_number(copy, "Seccomp:\t",
		   is_strict ? SECCOMP_MODE_STRICT :
		   own	     ? SECCOMP_MODE_FILTER :
			       SECCOMP_MODE_DISABLED);
	if (count >= 0)
		add_number(copy, FILTERS, is_strict ? 0 : own);
	return count >= 0;
}

static bool is_fixed(const struct subject *subject)
{
	return subject->process == GATE_0(NR_getpid) ? privileges_are_fixed() :
						       privileges_are_fixed_in((int)subject->process);
}

static void add_four(struct copy *copy, const char *name, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	const uint32_t ids[] = { a, b, c, d };

	text_add(&copy->out, name);
	for (unsigned int i = 0; i < ARRAY_SIZE(ids); i++) {
		text_add(&copy->out, i ? "\t" : "");
		text_add_number(&copy->out, ids[i]);
	}
}

static void add_groups(struct copy *copy, const char *name, const struct credentials *credentials)
{
	text_add(&copy->out, name);
	for (uint32_t i = 0; i < credentials->group_count; i++) {
		text_add(&copy->out, i ? " " : "");
		text_add_number(&copy->out, credentials->groups[i]);
		copy_make_room(copy);
	}
	text_add(&copy->out, " ");
}

/* In the forms of fs/proc/array.c. */
static bool copy_credentials(struct copy *copy, const struct credentials *credentials, const char *line)
{
	static const char *const names[] = { "CapInh:\t", "CapPrm:\t", "CapEff:\t", "CapBnd:\t", "CapAmb:\t" };
	const uint64_t *sets = &credentials->inheritable;

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		if (!text_begins(line, names[i]))
			continue;
		text_add(&copy->out, names[i]);
		add_mask(copy, sets[i]);
		return true;
	}
	if (text_begins(line, "Uid:\t"))
		add_four(copy, "Uid:\t", credentials->uid, credentials->euid, credentials->suid, credentials->fsuid);
	else if (text_begins(line, "Gid:\t"))
		add_four(copy, "Gid:\t", credentials->gid, credentials->egid, credentials->sgid, credentials->fsgid);
	else if (text_begins(line, "Groups:\t"))
		add_groups(copy, "Groups:\t", credentials);
	else
		return false;
	return true;
}

/* What a tracer's guest is at a system call, for a moment, and while it is stopped. */
#define TRACED_STATE "State:\tt"
#define STOPPED_STATE "State:\tT (stopped)"

static bool is_at_tracer(const char *line)
{
	return image_data()->flags & IMAGE_TRACED && text_begins(line, TRACED_STATE);
}

static void copy_line(struct copy *copy, struct subject *subject, const char *line)
{
	subject->process = MAX(subject->process, number_behind(line, "Tgid:\t"));
	if (number_behind(line, "NoNewPrivs:\t") >= 0) {
		add_number(copy, "NoNewPrivs:\t", is_fixed(subject));
	} else if (is_at_tracer(line)) {
		text_add(&copy->out, STOPPED_STATE);
		copy_end_line(copy);
	} else if (image_data()->flags & IMAGE_TRACED && number_behind(line, "TracerPid:\t") >= 0) {
		add_number(copy, "TracerPid:\t", 0);
	} else {
		if (!copy_mask(copy, subject, line) &&
		    !(subject->credentials && copy_credentials(copy, subject->credentials, line)))
			text_add(&copy->out, line);
		copy_end_line(copy);
	}
}

/*
 * Another thread that has SIGSYS blocked is in our handler, where everything is
 * blocked, and soon out of it.
 */
static bool is_in_agent(const struct subject *subject, const char *line)
{
	unsigned long mask;

	if (!text_begins(line, "SigBlk:\t") || subject->thread == GATE_0(NR_gettid))
		return false;
	line += strlen("SigBlk:\t");
	return text_read_hex(&line, &mask) && mask & SIGNAL_BIT(SIGSYS);
}

/* False when the thread is in the agent, or with the tracer, and IS_PATIENT: nothing of what has been copied counts. */
static bool copy_guest(struct copy *copy, struct subject *subject, bool is_patient)
{
	bool waits = false;
	char *line;

	while ((line = copy_next_line(copy))) {
		if (is_patient && (is_in_agent(subject, line) || is_at_tracer(line)))
			return false;
		if (waits && copy_seccomp(copy, subject, line)) {
			waits = false;
			continue;
		}
		waits = number_behind(line, "Seccomp:\t") >= 0;
		if (!waits)
			copy_line(copy, subject, line);
	}
	return true;
}

static void copy_other(struct copy *copy)
{
	char *line;

	while ((line = copy_next_line(copy))) {
		text_add(&copy->out, line);
		copy_end_line(copy);
	}
}

static const struct credentials *find_credentials(long thread, struct credentials *buf)
{
	if (!identity_is_on())
		return NULL;
	if (thread == GATE_0(NR_gettid))
		return identity_now();
	return kin_has_identity(thread) && identity_read(thread, buf) ? buf : NULL;
}

#define TRIES 1000
#define TRACED_TRIES 100

void proc_make_status(struct copy *copy, const struct proc_file *file)
{
	struct credentials credentials;
	struct subject subject = { 0 };
	unsigned int tries;

	(void)file;
	proc_of_process(copy->host_path, &subject.thread);
	if (!kin_is(subject.thread) || !signal_read_facts(subject.thread, &subject.signals)) {
		copy_other(copy);
		return;
	}
	subject.filters = kin_filters(subject.thread);
	subject.credentials = find_credentials(subject.thread, &credentials);
	tries = image_data()->flags & IMAGE_TRACED ? TRACED_TRIES : TRIES;
	/* One that was stopped there stays there. */
	for (unsigned int i = 0; !copy_guest(copy, &subject, i < tries); i++) {
		copy_restart(copy);
		GATE_0(NR_sched_yield);
	}
}
