/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own loader is fs/binfmt_elf.c; the order and the corner cases
 * below follow it.
 */
#include "agent/program.h"
#include "image/elf.h"
#include <asm/mman.h>
#include <asm/resource.h>
#include <linux/mman.h>
#include <linux/resource.h>

#define PAGE 0x1000ul

long program_read(int fd, void *buf, size_t size, uint64_t offset)
{
	return GATE_4(NR_pread64, fd, buf, size, offset);
}

void program_close(int fd)
{
	GATE_1(NR_close, fd);
}

void program_make_room(int kept)
{
	struct rlimit limit;

	if (!GATE_2(NR_getrlimit, RLIMIT_NOFILE, &limit)) {
		limit.rlim_cur = limit.rlim_max;
		GATE_2(NR_setrlimit, RLIMIT_NOFILE, &limit);
	}
	for (int fd = 0; fd < 5; fd++)
		if (fd != kept && fd != 2)
			program_close(fd);
}

static int protection_of(const Elf64_Phdr *segment)
{
	return (segment->p_flags & PF_R ? PROT_READ : 0) | (segment->p_flags & PF_W ? PROT_WRITE : 0) |
	       (segment->p_flags & PF_X ? PROT_EXEC : 0);
}

/* What all PT_LOAD segments span, in pages, and the largest alignment asked for. */
struct span {
	unsigned long low, high, alignment;
	bool has_holes;
};

static long measure(struct elf *elf, struct span *span)
{
	const Elf64_Phdr *segment;

	*span = (struct span){ .low = ~0ul, .alignment = PAGE };
	for (unsigned int i = 0; i < elf->header.e_phnum; i++) {
		segment = elf_segment(elf, i);
		if (!segment)
			return -ENOEXEC;
		if (segment->p_type != PT_LOAD)
			continue;
		if (segment->p_filesz > segment->p_memsz || segment->p_vaddr + segment->p_memsz < segment->p_vaddr)
			return -ENOEXEC;
		if (span->high && ALIGN_DOWN(segment->p_vaddr, PAGE) > ALIGN_UP(span->high, PAGE))
			span->has_holes = true;
		span->low = MIN(span->low, ALIGN_DOWN(segment->p_vaddr, PAGE));
		span->high = MAX(span->high, segment->p_vaddr + segment->p_memsz);
		if (segment->p_align > span->alignment && !(segment->p_align & (segment->p_align - 1)))
			span->alignment = segment->p_align;
	}
	return span->high ? 0 : -ENOEXEC;
}

/* Reserve the span at HINT, or anywhere when 0: its address. */
static long reserve(const struct span *span, unsigned long hint)
{
	unsigned long size = ALIGN_UP(span->high, PAGE) - span->low;
	unsigned long slack = !hint && span->alignment > PAGE ? span->alignment : 0, start;
	long address =
		GATE_6(NR_mmap, hint, size + slack, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (address < 0 || !slack)
		return address;
	start = ALIGN_UP((unsigned long)address, span->alignment);
	if (start > (unsigned long)address)
		GATE_2(NR_munmap, address, start - (unsigned long)address);
	if (start + size < (unsigned long)address + size + slack)
		GATE_2(NR_munmap, start + size, (unsigned long)address + slack - start);
	return (long)start;
}

/*
 * Map one segment. The file's page behind the data is zeroed up to the end of
 * the page, not only of the segment: the run-time linker allocates there.
 */
static long map_segment(const struct elf *elf, const Elf64_Phdr *segment, unsigned long base, unsigned long fixed)
{
	unsigned long start = base + ALIGN_DOWN(segment->p_vaddr, PAGE);
	unsigned long file_end = base + segment->p_vaddr + segment->p_filesz;
	unsigned long end = ALIGN_UP(base + segment->p_vaddr + segment->p_memsz, PAGE);
	unsigned long zero_from = file_end;
	int protection = protection_of(segment);
	long status;

	if (segment->p_filesz) {
		status = GATE_6(NR_mmap, start, file_end - start, protection, MAP_PRIVATE | fixed, elf->fd,
				ALIGN_DOWN(segment->p_offset, PAGE));
		if (status < 0)
			return status;
		zero_from = ALIGN_UP(file_end, PAGE);
		if (segment->p_memsz > segment->p_filesz && protection & PROT_WRITE)
			memset((void *)file_end, 0, zero_from - file_end);
	} else {
		zero_from = start;
	}
	if (end <= zero_from)
		return 0;
	status = GATE_6(NR_mmap, zero_from, end - zero_from, protection, MAP_PRIVATE | MAP_ANONYMOUS | fixed, -1, 0);
	return status < 0 ? status : 0;
}

/* Note what a mapped segment says of the program's layout. */
static void note_segment(struct program_map *map, const struct elf *elf, const Elf64_Phdr *segment)
{
	unsigned long start = map->base + segment->p_vaddr, file_end = start + segment->p_filesz;

	if (elf->header.e_phoff >= segment->p_offset && elf->header.e_phoff < segment->p_offset + segment->p_filesz)
		map->headers = start + elf->header.e_phoff - segment->p_offset;
	if (segment->p_flags & PF_X && (!map->start_code || start < map->start_code))
		map->start_code = start;
	if (segment->p_flags & PF_X && file_end > map->end_code)
		map->end_code = file_end;
	if (start > map->start_data)
		map->start_data = start;
	if (file_end > map->end_data)
		map->end_data = file_end;
	if (start + segment->p_memsz > map->end)
		map->end = start + segment->p_memsz;
}

static long map_segments(struct program_map *map, struct elf *elf, unsigned long fixed)
{
	const Elf64_Phdr *segment;
	unsigned long mapped_to = 0;
	long status;

	for (unsigned int i = 0; i < elf->header.e_phnum; i++) {
		segment = elf_segment(elf, i);
		if (!segment)
			return -ENOEXEC;
		if (segment->p_type == PT_GNU_STACK)
			map->wants_executable_stack = segment->p_flags & PF_X;
		if (segment->p_type != PT_LOAD || !segment->p_memsz)
			continue;
		/* The kernel leaves holes between segments unmapped. */
		if (map->is_position_independent && mapped_to &&
		    ALIGN_DOWN(map->base + segment->p_vaddr, PAGE) > mapped_to)
			GATE_2(NR_munmap, mapped_to, ALIGN_DOWN(map->base + segment->p_vaddr, PAGE) - mapped_to);
		status = map_segment(elf, segment, map->base, fixed);
		if (status)
			return status;
		mapped_to = ALIGN_UP(map->base + segment->p_vaddr + segment->p_memsz, PAGE);
		note_segment(map, elf, segment);
	}
	return 0;
}

long program_map(struct program_map *map, int fd, enum program_place place, unsigned long random)
{
	unsigned char head[sizeof(Elf64_Ehdr)];
	struct elf elf;
	struct span span;
	long status = program_read(fd, head, sizeof(head), 0), address;
	unsigned long hint = 0;

	*map = (struct program_map){ 0 };
	status = elf_init(&elf, fd, program_read, head, status < 0 ? 0 : (size_t)status);
	if (!status)
		status = measure(&elf, &span);
	if (status)
		return status;
	map->is_position_independent = elf.header.e_type == ET_DYN;
	if (map->is_position_independent) {
		if (place == PROGRAM_AT_BASE)
			hint = ALIGN_DOWN(ARCH_PROGRAM_BASE + random, span.alignment);
		address = reserve(&span, hint);
		if (address < 0)
			return address;
		map->base = (unsigned long)address - span.low;
	}
	/* Programs with fixed addresses must not land on anything, least of all on us. */
	status = map_segments(map, &elf, map->is_position_independent ? MAP_FIXED : MAP_FIXED_NOREPLACE);
	map->entry = map->base + elf.header.e_entry;
	map->header_count = elf.header.e_phnum;
	return status;
}
