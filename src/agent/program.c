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
	unsigned int highest; /* index of the last of them */
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
		if (segment->p_memsz)
			span->highest = i;
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

/* Where a segment is to be mapped. */
struct place {
	unsigned long base; /* what is added to the file's addresses */
	unsigned long fixed;
	unsigned int mapped; /* index of the segment whose file is mapped already */
};

#define NONE_MAPPED (~0u)

/* Map at START, and nowhere else: kernels before 4.17 don't know MAP_FIXED_NOREPLACE. */
static long map_at(unsigned long start, size_t size, int protection, unsigned long flags, int fd, unsigned long offset)
{
	long address = GATE_6(NR_mmap, start, size, protection, MAP_PRIVATE | flags, fd, offset);

	if (address < 0 || address == (long)start)
		return address < 0 ? address : 0;
	GATE_2(NR_munmap, address, size);
	return -EEXIST;
}

/*
 * Map one segment. The file's page behind the data is zeroed up to the end of
 * the page, not only of the segment: the run-time linker allocates there.
 */
static long map_segment(const struct elf *elf, const Elf64_Phdr *segment, const struct place *place, bool is_mapped)
{
	unsigned long start = place->base + ALIGN_DOWN(segment->p_vaddr, PAGE);
	unsigned long file_end = place->base + segment->p_vaddr + segment->p_filesz;
	unsigned long end = ALIGN_UP(place->base + segment->p_vaddr + segment->p_memsz, PAGE);
	unsigned long zero_from = segment->p_filesz ? ALIGN_UP(file_end, PAGE) : start;
	int protection = protection_of(segment);
	long status = 0;

	if (segment->p_filesz && !is_mapped)
		status = map_at(start, file_end - start, protection, place->fixed, elf->fd,
				ALIGN_DOWN(segment->p_offset, PAGE));
	if (status)
		return status;
	if (segment->p_filesz && segment->p_memsz > segment->p_filesz && protection & PROT_WRITE)
		memset((void *)file_end, 0, zero_from - file_end);
	if (end <= zero_from)
		return 0;
	status = map_at(zero_from, end - zero_from, protection, MAP_ANONYMOUS | (is_mapped ? MAP_FIXED : place->fixed),
			-1, 0);
	if (status && zero_from > start)
		GATE_2(NR_munmap, start, zero_from - start);
	return status;
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

/* Unmap the segments before COUNT, and the one that is mapped already. */
static void unmap_segments(struct elf *elf, const struct place *place, unsigned int count)
{
	const Elf64_Phdr *segment;
	unsigned long start;

	for (unsigned int i = 0; i < elf->header.e_phnum; i++) {
		segment = elf_segment(elf, i);
		if (!segment || segment->p_type != PT_LOAD || !segment->p_memsz || (i >= count && i != place->mapped))
			continue;
		start = ALIGN_DOWN(segment->p_vaddr, PAGE);
		GATE_2(NR_munmap, place->base + start, ALIGN_UP(segment->p_vaddr + segment->p_memsz, PAGE) - start);
	}
}

static long map_segments(struct program_map *map, struct elf *elf, const struct place *place)
{
	const Elf64_Phdr *segment;
	unsigned long mapped_to = 0;
	long status;

	*map = (struct program_map){ .base = place->base, .is_position_independent = map->is_position_independent };
	for (unsigned int i = 0; i < elf->header.e_phnum; i++) {
		segment = elf_segment(elf, i);
		if (!segment)
			return -ENOEXEC;
		if (segment->p_type == PT_GNU_STACK)
			map->wants_executable_stack = segment->p_flags & PF_X;
		if (segment->p_type != PT_LOAD || !segment->p_memsz)
			continue;
		/* The kernel leaves holes between segments unmapped: they are of what was reserved. */
		if (place->fixed == MAP_FIXED && mapped_to &&
		    ALIGN_DOWN(map->base + segment->p_vaddr, PAGE) > mapped_to)
			GATE_2(NR_munmap, mapped_to, ALIGN_DOWN(map->base + segment->p_vaddr, PAGE) - mapped_to);
		status = map_segment(elf, segment, place, i == place->mapped);
		if (status == -EEXIST)
			unmap_segments(elf, place, i);
		if (status)
			return status;
		mapped_to = ALIGN_UP(map->base + segment->p_vaddr + segment->p_memsz, PAGE);
		note_segment(map, elf, segment);
	}
	return 0;
}

/*
 * Map the highest segment wherever there is room, which is below all else: so
 * there is room for the others below it. -EEXIST where that may not do.
 */
static long map_highest(struct elf *elf, const struct span *span, struct place *place)
{
	const Elf64_Phdr *segment = elf_segment(elf, span->highest);
	unsigned long start;
	long address;

	if (span->alignment > PAGE || !segment || !segment->p_filesz ||
	    segment->p_vaddr + segment->p_memsz != span->high)
		return -EEXIST;
	start = ALIGN_DOWN(segment->p_vaddr, PAGE);
	address = GATE_6(NR_mmap, 0, ALIGN_UP(span->high, PAGE) - start, protection_of(segment), MAP_PRIVATE, elf->fd,
			 ALIGN_DOWN(segment->p_offset, PAGE));
	if (address < 0)
		return address;
	place->base = (unsigned long)address - start;
	place->mapped = span->highest;
	return 0;
}

/* Map each segment where nothing is, which takes fewest calls. -EEXIST where something is; then nothing is mapped. */
static long map_singly(struct program_map *map, struct elf *elf, const struct span *span, unsigned long hint)
{
	struct place place = { .base = hint - span->low, .fixed = MAP_FIXED_NOREPLACE, .mapped = NONE_MAPPED };
	long status = 0;

	if (!hint)
		status = map_highest(elf, span, &place);
	return status ? status : map_segments(map, elf, &place);
}

/* Reserve room for all of them first, at HINT if there is room. */
static long map_together(struct program_map *map, struct elf *elf, const struct span *span, unsigned long hint)
{
	struct place place = { .fixed = MAP_FIXED, .mapped = NONE_MAPPED };
	long address = reserve(span, hint);

	if (address < 0)
		return address;
	place.base = (unsigned long)address - span->low;
	return map_segments(map, elf, &place);
}

long program_map(struct program_map *map, int fd, enum program_place at, unsigned long random)
{
	/* Programs with fixed addresses must not land on anything, least of all on us. */
	struct place place = { .fixed = MAP_FIXED_NOREPLACE, .mapped = NONE_MAPPED };
	unsigned char head[ELF_HEAD_SIZE];
	struct elf elf;
	struct span span;
	long status = program_read(fd, head, sizeof(head), 0);
	unsigned long hint = 0;

	*map = (struct program_map){ 0 };
	status = elf_init(&elf, fd, program_read, head, status < 0 ? 0 : (size_t)status);
	if (!status)
		status = measure(&elf, &span);
	if (status)
		return status;
	map->is_position_independent = elf.header.e_type == ET_DYN;
	if (at == PROGRAM_AT_BASE)
		hint = ALIGN_DOWN(ARCH_PROGRAM_BASE + random, span.alignment);
	if (map->is_position_independent) {
		status = map_singly(map, &elf, &span, hint);
		if (status == -EEXIST)
			status = map_together(map, &elf, &span, hint);
	} else {
		status = map_segments(map, &elf, &place);
	}
	map->entry = map->base + elf.header.e_entry;
	map->header_count = elf.header.e_phnum;
	return status;
}
