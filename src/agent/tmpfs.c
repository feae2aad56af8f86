/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/tmpfs.h"
#include "agent/identity.h"
#include "agent/owner.h"
#include "agent/plain.h"
#include "base/text.h"
#include "image/removal.h"
#include "image/temporary.h"
#include <asm/stat.h>
#include <asm/statfs.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#define MODE_DEFAULT 01777 /* shmem_init_fs_context(), mm/shmem.c */
#define MOUNTED_NOEXEC 0x8 /* ST_NOEXEC, include/linux/statfs.h */

/* What is asked for. */
struct wish {
	unsigned long mode;
	uint32_t uid, gid;
};

/* Options that change nothing one could rely on: limits, and where memory comes from. mm/shmem.c. */
static const char *const ignored[] = { "size=",	   "nr_blocks=", "nr_inodes=", "huge=",	   "mpol=",
				       "inode32",  "inode64",	 "noswap",     "quota",	   "usrquota",
				       "grpquota", "usrquota_",	 "grpquota_",  "casefold", "strict_encoding" };

static long read_octal(const char *text, unsigned long *number)
{
	for (*number = 0; *text >= '0' && *text <= '7' && *number <= 07777; text++)
		*number = *number << 3 | (unsigned long)(*text - '0');
	return (*text && *text != ',') || *number > 07777 ? -EINVAL : 0;
}

static long read_id(const char *text, uint32_t *id)
{
	long number = text_read_number(&text);

	if (number < 0 || number >= OWNER_KEEP || (*text && *text != ','))
		return -EINVAL;
	*id = (uint32_t)number;
	return 0;
}

static long take_option(const char *option, struct wish *wish)
{
	if (text_begins(option, "mode="))
		return read_octal(option + 5, &wish->mode);
	if (text_begins(option, "uid="))
		return read_id(option + 4, &wish->uid);
	if (text_begins(option, "gid="))
		return read_id(option + 4, &wish->gid);
	for (size_t i = 0; i < ARRAY_SIZE(ignored); i++)
		if (text_begins(option, ignored[i]))
			return 0;
	return !*option || *option == ',' ? 0 : -EINVAL;
}

static long read_wish(const char *options, struct wish *wish)
{
	long status = 0;

	*wish = (struct wish){ MODE_DEFAULT, OWNER_KEEP, OWNER_KEEP };
	while (*options && !status) {
		status = take_option(options, wish);
		while (*options && *options++ != ',')
			;
	}
	return status;
}

/* The owner as the guest sees it, where one is asked for. */
static long set_owner(const char *host, const struct wish *wish)
{
	struct owner_record record;
	struct object object;
	struct stat unused;
	long status;

	if (wish->uid == OWNER_KEEP && wish->gid == OWNER_KEEP)
		return 0;
	if (!identity_is_on())
		return GATE_5(NR_fchownat, AT_FDCWD, host, wish->uid, wish->gid, 0);
	status = object_take_entry(AT_FDCWD, host, &object);
	if (!status) {
		owner_of(&object, &unused, &record);
		record.uid = wish->uid == OWNER_KEEP ? record.uid : wish->uid;
		record.gid = wish->gid == OWNER_KEEP ? record.gid : wish->gid;
		status = owner_put(&object, &record);
	}
	object_release(&object);
	return status;
}

/* How names begin that this proot makes: all inside each other have the nonce of the outermost, which tidies up. */
static void add_front(struct text *text, long id)
{
	text_add(text, "/" TEMPORARY_MOUNT);
	text_add_hex(text, image_data()->shared_nonce);
	text_add(text, "-");
	text_add_number(text, id);
	text_add(text, "-");
}

/* A name nobody else uses, in PARENT. */
static void make_name(char *name, const char *parent)
{
	static unsigned int counter;
	struct text text;

	text_init(&text, name, PATH_SIZE);
	text_add(&text, parent);
	add_front(&text, image_data()->view_id);
	text_add_number(&text, GATE_0(NR_gettid));
	text_add(&text, "-");
	text_add_number(&text, __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED));
}

static bool is_noexec(const char *path)
{
	struct statfs status;

	return GATE_2(NR_statfs, path, &status) || status.f_flags & MOUNTED_NOEXEC;
}

/* A thread of the same number may have made one and be gone: then the name is another's. */
static long make_in(const char *parent, char *host)
{
	long status;

	do {
		make_name(host, parent);
		status = GATE_3(NR_mkdirat, AT_FDCWD, host, 0700);
	} while (status == -EEXIST);
	return status;
}

static long make_somewhere(bool may_be_noexec, char *host)
{
	const char *const parents[] = { image_data()->temporary, TEMPORARY_PARENTS };
	long status = -EACCES;

	for (unsigned int i = 0; i < ARRAY_SIZE(parents) && status; i++)
		if (parents[i][0] && (may_be_noexec || !is_noexec(parents[i])))
			status = make_in(parents[i], host);
	return status;
}

long tmpfs_make(const char *options, bool may_be_noexec, char *host)
{
	struct shared *shared = plain_shared();
	struct wish wish;
	long status = read_wish(options, &wish);

	if (status)
		return status;
	/* Who is killed before it is mounted leaves it to the supervisor. */
	if (shared)
		__atomic_store_n(&shared->temporaries, 1, __ATOMIC_RELAXED);
	status = make_somewhere(may_be_noexec, host);
	if (status && !may_be_noexec)
		status = make_somewhere(true, host);
	if (status)
		return status;
	status = GATE_3(NR_fchmodat, AT_FDCWD, host, wish.mode);
	if (!status)
		status = set_owner(host, &wish);
	if (status)
		GATE_3(NR_unlinkat, AT_FDCWD, host, AT_REMOVEDIR);
	return status;
}

/* The length of the directory that HOST_PATH lies in, of those made by this proot; 0: none. */
static size_t root_length(const char *host_path)
{
	char name[64];
	struct text text;

	text_init(&text, name, sizeof(name));
	add_front(&text, image_data()->view_id);
	for (const char *at = host_path; *at; at++) {
		if (!text_begins(at, name))
			continue;
		for (at++; *at && *at != '/'; at++)
			;
		return (size_t)(at - host_path);
	}
	return 0;
}

static bool is_needed(const struct view *view, const char *root, size_t length)
{
	const struct view_order *order = view_order(view);

	for (uint32_t i = 0; i < order->count + order->covered; i++) {
		const char *host = view_host(view, order->entries[i]);

		if (strlen(host) >= length && !memcmp(host, root, length) && (!host[length] || host[length] == '/'))
			return true;
	}
	return false;
}

void tmpfs_release(const struct view *view, const char *host_path)
{
	size_t length = root_length(host_path);
	char root[PATH_SIZE];

	if (!length || is_needed(view, host_path, length))
		return;
	memcpy(root, host_path, length);
	root[length] = '\0';
	removal_run(gate, root);
}

void tmpfs_remove_all(long id, const char *temporary)
{
	const char *const parents[] = { temporary, TEMPORARY_PARENTS };
	char prefix[64];
	struct text text;

	text_init(&text, prefix, sizeof(prefix));
	add_front(&text, id);
	for (unsigned int i = 0; i < ARRAY_SIZE(parents); i++)
		if (parents[i][0])
			removal_run_all(gate, parents[i], prefix + 1);
}
