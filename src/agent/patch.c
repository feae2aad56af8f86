/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/patch.h"
#include "agent/fast.h"
#include "agent/gate.h"
#include "agent/guest_memory.h"
#include "agent/host_program.h"
#include "agent/own.h"
#include "agent/proc.h"
#include "agent/program.h"
#include "base/text.h"
#include "site.h"
#include <asm/fcntl.h>
#include <asm/mman.h>
#include <linux/elf.h>
#include <linux/fcntl.h>
#include <linux/ioctl.h>
#include <linux/mman.h>

#define PAGE 0x1000ul

/* A trap costs about 2 us more than a stub, a patch 20 us, the first one 40: it is worth it for a site that is used on.
 */
#define TRAPS_BEFORE 16 /* a power of 2 */

/* Sites that have trapped, a few with one hash side by side. Threads may spoil each other's counts; it is no harm. */
#define COUNTS_TOGETHER 4
static struct count {
	uint32_t site; /* its low word; 0: free */
	uint32_t traps;
} counts[64][COUNTS_TOGETHER];

/* A page of stubs. Pages are added, never taken back: a guest may be in one at any time. */
struct stubs {
	unsigned long page;
	unsigned int used;
};

static struct stubs all_stubs[64];
static unsigned int stubs_count;
/* Wiped by fork(2): its holder may be a thread that a child does not have. */
static int patching AGENT_WIPED;

/* Of the guest's program, whose notes tell a Go program. */
static struct program_map guest_program;

void patch_start(const struct program_map *program)
{
	guest_program = *program;
}

/* Whether a note of the Go linker is among the guest program's: .note.go.buildid, name "Go". */
static bool has_go_note(unsigned long at, size_t size)
{
	struct elf64_note note;
	char name[4];
	size_t offset = 0;

	while (offset + sizeof(note) + sizeof(name) <= size) {
		if (guest_read(&note, at + offset, sizeof(note)) ||
		    guest_read(name, at + offset + sizeof(note), sizeof(name)))
			return false;
		if (note.n_namesz == sizeof(name) && !memcmp(name, "Go\0", sizeof(name)))
			return true;
		offset += sizeof(note) + ALIGN_UP((size_t)note.n_namesz, 4) + ALIGN_UP((size_t)note.n_descsz, 4);
	}
	return false;
}

static bool is_go_program(void)
{
	static enum { UNKNOWN, IS_GO, IS_NOT } answer;
	Elf64_Phdr segment;

	if (answer != UNKNOWN)
		return answer == IS_GO;
	answer = IS_NOT;
	for (unsigned int i = 0; guest_program.headers && i < guest_program.header_count; i++) {
		if (guest_read(&segment, guest_program.headers + i * sizeof(segment), sizeof(segment)))
			break;
		if (segment.p_type == PT_NOTE && has_go_note(guest_program.base + segment.p_vaddr, segment.p_memsz))
			answer = IS_GO;
	}
	return answer == IS_GO;
}

bool patch_may_enter(void)
{
	return !(image_data()->flags & IMAGE_NO_PATCH) && !cpu_has_shadow_stack() && !is_go_program();
}

/* A mapping, from a line of /proc/self/maps. */
struct mapping {
	unsigned long start, end;
	bool is_private_code; /* r-xp */
	bool is_of_file;
};

/* "start-end perms offset major:minor inode": an inode of 0 is no file. */
static void read_mapping(const char *line, struct mapping *mapping)
{
	const char *permissions;

	text_read_hex(&line, &mapping->start);
	line++;
	text_read_hex(&line, &mapping->end);
	permissions = ++line;
	line += 5;
	for (int blanks = 0; blanks < 2; line++)
		blanks += *line == ' ';
	mapping->is_private_code = !memcmp(permissions, "r-xp", 4);
	mapping->is_of_file = *line != '0';
}

/* Find ADDRESS among the lines of BUF: the bytes of the whole lines read, or 0 when it has been found. */
static size_t search_lines(const char *buf, size_t length, unsigned long address, struct mapping *mapping)
{
	size_t done = 0;

	for (size_t i = 0; i < length; i++) {
		if (buf[i] != '\n')
			continue;
		read_mapping(buf + done, mapping);
		if (address < mapping->end)
			return 0;
		done = i + 1;
	}
	return done;
}

/* PROCMAP_QUERY of linux/fs.h, Linux 6.11. */
struct map_query {
	uint64_t size, flags, address;
	uint64_t start, end, permissions, page_size, offset, inode;
	uint32_t major, minor, name_size, build_id_size;
	uint64_t name, build_id;
};

#define MAP_QUERY _IOWR('f', 17, struct map_query)
#define QUERY_READ 1
#define QUERY_WRITE 2
#define QUERY_EXECUTE 4
#define QUERY_SHARED 8

/* Ask FD, of /proc/self/maps, for the mapping ADDRESS is in: whether there was an answer. To read the text takes 15 us.
 */
static bool query_mapping(int fd, unsigned long address, struct mapping *mapping)
{
	const uint64_t asked = QUERY_READ | QUERY_WRITE | QUERY_EXECUTE | QUERY_SHARED;
	struct map_query query = { .size = sizeof(query), .address = address };

	if (GATE_3(NR_ioctl, fd, MAP_QUERY, &query))
		return false;
	*mapping = (struct mapping){
		.start = query.start,
		.end = query.end,
		.is_private_code = (query.permissions & asked) == (QUERY_READ | QUERY_EXECUTE),
		.is_of_file = query.inode,
	};
	return true;
}

/* The mapping ADDRESS is in. BUF has room for any line, and for many. */
static bool find_mapping(unsigned long address, struct mapping *mapping, char *buf, size_t size)
{
	long fd = GATE_4(NR_openat, AT_FDCWD, "/proc/self/maps", O_RDONLY | O_CLOEXEC, 0), got;
	size_t kept = 0, done = 1;

	*mapping = (struct mapping){ 0 };
	if (fd >= 0 && query_mapping((int)fd, address, mapping))
		done = 0;
	while (fd >= 0 && done && (got = GATE_3(NR_read, fd, buf + kept, size - kept)) > 0) {
		kept += (size_t)got;
		done = search_lines(buf, kept, address, mapping);
		kept -= done;
		memmove(buf, buf + done, kept);
	}
	GATE_1(NR_close, fd);
	return fd >= 0 && address >= mapping->start && address < mapping->end;
}

static bool is_in_reach(unsigned long a, unsigned long b)
{
	return a > b ? a - b < PATCH_REACH : b - a < PATCH_REACH;
}

/* A page for stubs in reach of a site in MAPPING, with room for one more. */
static struct stubs *find_stubs(unsigned long site, const struct mapping *mapping)
{
	long page;

	for (unsigned int i = 0; i < stubs_count; i++)
		if (is_in_reach(all_stubs[i].page, site) && all_stubs[i].used < PAGE / STUB_SIZE)
			return &all_stubs[i];
	if (stubs_count == ARRAY_SIZE(all_stubs))
		return NULL;
	/* Below it: above the program its heap may grow. */
	page = GATE_6(NR_mmap, mapping->start - 16 * PAGE, PAGE, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		      0);
	if (page > 0 && !is_in_reach((unsigned long)page, site))
		GATE_2(NR_munmap, page, PAGE);
	if (page < 0 || !is_in_reach((unsigned long)page, site))
		return NULL;
	all_stubs[stubs_count] = (struct stubs){ .page = (unsigned long)page };
	__atomic_store_n(&stubs_count, stubs_count + 1, __ATOMIC_RELEASE);
	return &all_stubs[stubs_count - 1];
}

/* Write through FD, /proc/self/mem, which needs no permission to write there: whether it was done. */
static bool write_code(long fd, unsigned long address, const void *code, size_t size)
{
	return GATE_4(NR_pwrite64, fd, code, size, address) == (long)size;
}

/*
 * With other threads about, none of them may see half of the change: a changed
 * copy of the page takes its place at once. The kernel lets no thread look in
 * between, and every instruction begins where one began before.
 */
static bool replace_page(unsigned long address, const void *code, size_t size)
{
	unsigned long page = ALIGN_DOWN(address, PAGE);
	long copy = GATE_6(NR_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), status;

	if (copy < 0)
		return false;
	memcpy((void *)copy, (const void *)page, PAGE);
	memcpy((char *)copy + address % PAGE, code, size);
	status = GATE_3(NR_mprotect, copy, PAGE, PROT_READ | PROT_EXEC);
	if (!status)
		status = GATE_5(NR_mremap, copy, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, page);
	if (status != (long)page)
		GATE_2(NR_munmap, copy, PAGE);
	return status == (long)page;
}

/* A site on its way to be patched. */
struct site {
	unsigned long behind;	       /* the address behind it */
	unsigned long start;	       /* of the bytes that change */
	size_t span;		       /* from there to its trap */
	unsigned char code[SITE_SIZE]; /* what is there, up to its end */
	struct mapping mapping;
};

/* Whether the page of ADDRESS is a copy that replace_page() put there: it has a jump to a stub of its own. */
static bool is_our_copy(unsigned long address)
{
	unsigned char stub[STUB_SIZE], jump[SITE_JUMP_SIZE], there[SITE_JUMP_SIZE];

	for (unsigned int i = 0; i < stubs_count * (PAGE / STUB_SIZE); i++) {
		unsigned long at = all_stubs[i / (PAGE / STUB_SIZE)].page + i % (PAGE / STUB_SIZE) * STUB_SIZE, site;

		if (i % (PAGE / STUB_SIZE) >= all_stubs[i / (PAGE / STUB_SIZE)].used ||
		    guest_read(stub, at, sizeof(stub)))
			continue;
		site = site_of_stub(stub, 0);
		site_make_jump(jump, site, at);
		if (ALIGN_DOWN(site, PAGE) == ALIGN_DOWN(address, PAGE) && !guest_read(there, site, sizeof(there)) &&
		    !memcmp(there, jump, sizeof(jump)))
			return true;
	}
	return false;
}

/* Whether ADDRESS is in code of a file that this process alone has. */
static bool is_code(unsigned long address, struct mapping *mapping, char *buf, size_t size)
{
	return find_mapping(address, mapping, buf, size) && mapping->is_private_code &&
	       (mapping->is_of_file || is_our_copy(address));
}

/* Near the beginning of a mapping there is less before it. */
static bool read_site(struct site *site)
{
	size_t there = MIN(sizeof(site->code), site->behind % PAGE);

	memset(site->code, 0, sizeof(site->code));
	return !guest_read(site->code, site->behind - sizeof(site->code), sizeof(site->code)) ||
	       !guest_read(site->code + sizeof(site->code) - there, site->behind - there, there);
}

/*
 * A site may be patched if and only if
 * - its call can be handled without the kernel's signal frame;
 * - it is not in the loader of a program of the host, whose paths are the host's;
 * - its bytes have a known shape (site_span()), and those that change are in one page;
 * - it is in a private, read-only, executable mapping of a file: not in the
 *   vDSO, not in the image, not in what a JIT compiler wrote; or in such a page's
 *   copy with another patched site (replace_page());
 * - the thread has no shadow stack: what a signal makes of an interrupted call
 *   would not be what that says;
 * - the program is none of Go's, whose stacks have no room for us (the stacks
 *   of its goroutines are where its arenas are, from 0xc000000000 on).
 */
static bool may_patch(struct site *site, unsigned long nr, unsigned long stack_pointer, char *buf, size_t size)
{
	if (call_needs_frame(nr) || host_program_is_loader(site->behind) || !read_site(site))
		return false;
	site->span = site_span(site->code, nr);
	site->start = site->behind - SITE_TRAP_SIZE - site->span;
	if (!site->span || ALIGN_DOWN(site->start, PAGE) != ALIGN_DOWN(site->start + SITE_JUMP_SIZE - 1, PAGE))
		return false;
	if (cpu_has_shadow_stack() || ARCH_IS_GO_STACK(stack_pointer) || is_go_program())
		return false;
	return is_code(site->behind - 1, &site->mapping, buf, size) &&
	       (site->start >= site->mapping.start || is_code(site->start, &site->mapping, buf, size));
}

/* Write the stub at AT, and then the jump to it at START: whether the stub is in use. */
static bool write_both(unsigned long at, const unsigned char *stub, unsigned long start, const unsigned char *jump)
{
	long fd = GATE_4(NR_openat, AT_FDCWD, "/proc/self/mem", O_WRONLY | O_CLOEXEC, 0);
	bool has_stub, has_jump;

	if (fd < 0)
		return false;
	has_stub = write_code(fd, at, stub, STUB_SIZE);
	has_jump = has_stub && own_is_alone() && write_code(fd, start, jump, SITE_JUMP_SIZE);
	GATE_1(NR_close, fd);
	if (has_stub && !has_jump)
		replace_page(start, jump, SITE_JUMP_SIZE);
	return has_stub;
}

static void patch(const struct site *site)
{
	struct stubs *stubs = find_stubs(site->behind, &site->mapping);
	unsigned char stub[STUB_SIZE], jump[SITE_JUMP_SIZE];
	unsigned long at;

	if (!stubs)
		return;
	at = stubs->page + stubs->used * STUB_SIZE;
	site_make_jump(jump, site->start, at);
	if (site_make_stub(stub, at, site->code + (site->start - (site->behind - SITE_SIZE)), site->span, site->start,
			   (unsigned long)fast_entry) &&
	    write_both(at, stub, site->start, jump))
		stubs->used++;
}

/* Not only once: another thread may be patching then. Ever more seldom: most that can't be patched never can. */
static bool is_time(uint32_t traps)
{
	return traps >= TRAPS_BEFORE && !(traps & (traps - 1));
}

static bool is_due(unsigned long site)
{
	struct count *together = counts[(site ^ site >> 9) % ARRAY_SIZE(counts)], *count = &together[0];

	for (unsigned int i = 0; i < COUNTS_TOGETHER; i++) {
		if (together[i].site == (uint32_t)site)
			return is_time(++together[i].traps);
		if (together[i].traps < count->traps)
			count = &together[i];
	}
	*count = (struct count){ .site = (uint32_t)site, .traps = 1 };
	return false;
}

/* Apart, so that its buffer is on the stack of those few traps only that come to this. */
static __attribute__((noinline)) void try_patch(unsigned long nr, unsigned long behind_site,
						unsigned long stack_pointer)
{
	struct site site = { .behind = behind_site };
	char buf[1024 + 4200];
	int none = 0;

	/* One at a time: a vfork child and its parent's threads share all this. */
	if (!__atomic_compare_exchange_n(&patching, &none, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
		return;
	if (may_patch(&site, nr, stack_pointer, buf, sizeof(buf)))
		patch(&site);
	__atomic_store_n(&patching, 0, __ATOMIC_RELEASE);
}

void patch_leave_stub(struct ucontext *context)
{
	unsigned long at = registers_instruction(context);

	for (unsigned int i = 0; i < __atomic_load_n(&stubs_count, __ATOMIC_ACQUIRE); i++) {
		unsigned long offset = at - all_stubs[i].page;

		if (offset < PAGE)
			registers_set_instruction(
				context,
				site_of_stub((const unsigned char *)(at - offset % STUB_SIZE), offset % STUB_SIZE));
	}
}

unsigned int patch_read_stubs(long thread, unsigned int index, unsigned long *page)
{
	unsigned int count = 0;
	struct stubs stubs;

	proc_read_agent(thread, &stubs_count, &count, sizeof(count));
	if (index >= MIN(count, ARRAY_SIZE(all_stubs)) ||
	    !proc_read_agent(thread, &all_stubs[index], &stubs, sizeof(stubs)))
		return 0;
	*page = stubs.page;
	return MIN(stubs.used, PAGE / STUB_SIZE);
}

bool patch_is_stub_of(long thread, unsigned long at)
{
	unsigned long page;

	for (unsigned int i = 0; patch_read_stubs(thread, i, &page); i++)
		if (at - page < PAGE)
			return true;
	return false;
}

void patch_consider(const struct call_row *row, const struct ucontext *context)
{
	unsigned long behind_site = registers_instruction(context);

	if (!(image_data()->flags & (IMAGE_NO_PATCH | IMAGE_TRACED)) && !fast_is_closed && is_due(behind_site))
		try_patch(row->nr, behind_site, registers_stack(context));
}
