/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/kernel.h"
#include "agent/capability.h"
#include "agent/dispatch.h"
#include "agent/guest_memory.h"
#include "agent/handlers.h"
#include "agent/plain.h"
#include "agent/proc_copy.h"
#include "agent/views.h"
#include "base/text.h"
#include <linux/utsname.h>

/* Files of one line each. */
static const struct {
	const char *path;
	enum kernel_name name;
} files[] = {
	{ "/proc/sys/kernel/ostype", KERNEL_SYSTEM },	  { "/proc/sys/kernel/hostname", KERNEL_NODE },
	{ "/proc/sys/kernel/osrelease", KERNEL_RELEASE }, { "/proc/sys/kernel/version", KERNEL_VERSION },
	{ "/proc/sys/kernel/domainname", KERNEL_DOMAIN },
};

#define TRIES_MOST 1000 /* of reading a name that is being written: its writer may have been killed */

/* linux_proc_banner, init/version.c: "SYSTEM version RELEASE (who and where) (compiler) VERSION". */
#define BANNER "/proc/version"

/* Which of the names a guest may set NAME is, or SHARED_NAMES. */
static unsigned int shared_index(enum kernel_name name)
{
	return name == KERNEL_NODE ? SHARED_HOST : name == KERNEL_DOMAIN ? SHARED_DOMAIN : SHARED_NAMES;
}

/* Whether the names that guests set are those of the calling process: not where it has a namespace for them. */
static bool has_guests_names(void)
{
	return views_lives_in("/proc/thread-self/ns/uts", image_data()->name_namespace);
}

/* Whether a guest has set the name INDEX, and since that was given by an option. */
static bool is_set(const struct shared *shared, unsigned int index)
{
	uint32_t version = __atomic_load_n(&shared->names[index].version, __ATOMIC_ACQUIRE);

	return version && version != image_data()->kernel.older[index];
}

/* What a guest has set NAME to last, into BUF; false, and BUF as it was, when none has. */
static bool read_shared(enum kernel_name name, char buf[KERNEL_NAME_SIZE])
{
	unsigned int index = shared_index(name);
	const struct shared *shared =
		index < SHARED_NAMES && image_data()->flags & IMAGE_PRIVILEGED ? plain_shared() : NULL;
	uint32_t version, tries = 0;

	if (!shared || !is_set(shared, index) || !has_guests_names())
		return false;
	do {
		version = __atomic_load_n(&shared->names[index].version, __ATOMIC_ACQUIRE);
		memcpy(buf, shared->names[index].text, KERNEL_NAME_SIZE);
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
	} while ((version & 1 || __atomic_load_n(&shared->names[index].version, __ATOMIC_RELAXED) != version) &&
		 ++tries < TRIES_MOST);
	buf[KERNEL_NAME_SIZE - 1] = '\0';
	return true;
}

bool kernel_read_name(enum kernel_name name, char buf[KERNEL_NAME_SIZE])
{
	const char *text = image_data()->kernel.names[name];

	if (read_shared(name, buf))
		return true;
	if (!(image_data()->flags & IMAGE_KERNEL) || !text[0])
		return false;
	memcpy(buf, text, KERNEL_NAME_SIZE);
	return true;
}

bool kernel_is_told_by(const char *host_path)
{
	char name[KERNEL_NAME_SIZE];

	if (!(image_data()->flags & (IMAGE_KERNEL | IMAGE_PRIVILEGED)))
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (text_equal(host_path, files[i].path))
			return kernel_read_name(files[i].name, name);
	return image_data()->flags & IMAGE_KERNEL && text_equal(host_path, BANNER);
}

long handle_uname(struct call *call)
{
	struct new_utsname *names = (struct new_utsname *)call->slot->spare;
	char(*name)[KERNEL_NAME_SIZE] = (char(*)[KERNEL_NAME_SIZE])names;
	long status = GATE_1(NR_uname, names);

	_Static_assert(sizeof(*names) == KERNEL_NAMES * KERNEL_NAME_SIZE, "image/kernel.h");
	for (unsigned int i = 0; i < KERNEL_NAMES && !status; i++)
		kernel_read_name(i, name[i]);
	return status ? status : guest_write(call->arguments[0], names, sizeof(*names));
}

static void write_shared(struct shared_name *name, const char text[KERNEL_NAME_SIZE])
{
	uint32_t version = name->version | 1;

	__atomic_store_n(&name->version, version, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE);
	memcpy(name->text, text, KERNEL_NAME_SIZE);
	__atomic_store_n(&name->version, version + 1, __ATOMIC_RELEASE);
}

static long set_shared(enum kernel_name name, const char text[KERNEL_NAME_SIZE])
{
	struct shared *shared = plain_shared();
	struct views_change change;
	long status = views_begin(&change);

	/* There is no change of the view; what it has is the lock. */
	if (!status && !shared)
		status = -EPERM;
	if (!status)
		write_shared(&shared->names[shared_index(name)], text);
	views_end(&change);
	return status;
}

/* The machine keeps its name: all guests are told the new one. */
long handle_set_name(struct call *call)
{
	char text[KERNEL_NAME_SIZE] = "";
	int length = (int)call->arguments[1];

	if (!has_guests_names())
		return call_make(call, call->nr);
	if (!has_capability(CAP_SYS_ADMIN))
		return -EPERM;
	if (length < 0 || length >= KERNEL_NAME_SIZE)
		return -EINVAL;
	if (guest_read(text, call->arguments[0], (size_t)length))
		return -EFAULT;
	return set_shared(call->nr == NR_sethostname ? KERNEL_NODE : KERNEL_DOMAIN, text);
}

/* The end of the word that begins at AT. */
static char *end_of_word(char *at)
{
	while (*at && *at != ' ')
		at++;
	return at;
}

/* Behind the last parenthesis and a blank. */
static char *find_version(char *line)
{
	char *version = line;

	for (char *at = line; *at; at++)
		if (at[0] == ')' && at[1] == ' ')
			version = at + 2;
	return version;
}

static void add_name(struct copy *copy, enum kernel_name name, const char *own, const char *end)
{
	char told[KERNEL_NAME_SIZE];

	if (kernel_read_name(name, told))
		text_add(&copy->out, told);
	else
		text_add_bytes(&copy->out, own, (size_t)(end - own));
}

static void make_banner(struct copy *copy, char *line)
{
	char *system_end = end_of_word(line), *release, *release_end, *version;

	if (!text_begins(system_end, " version ")) {
		text_add(&copy->out, line);
		return;
	}
	release = system_end + sizeof(" version ") - 1;
	release_end = end_of_word(release);
	version = MAX(find_version(line), release_end);
	add_name(copy, KERNEL_SYSTEM, line, system_end);
	text_add_bytes(&copy->out, system_end, (size_t)(release - system_end));
	add_name(copy, KERNEL_RELEASE, release, release_end);
	text_add_bytes(&copy->out, release_end, (size_t)(version - release_end));
	add_name(copy, KERNEL_VERSION, version, version + strlen(version));
}

void proc_make_kernel(struct copy *copy, const struct proc_file *file)
{
	char *line = copy_next_line(copy), name[KERNEL_NAME_SIZE];

	(void)file;
	if (line && text_equal(copy->host_path, BANNER))
		make_banner(copy, line);
	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		if (text_equal(copy->host_path, files[i].path) && kernel_read_name(files[i].name, name))
			text_add(&copy->out, name);
	copy_end_line(copy);
}
