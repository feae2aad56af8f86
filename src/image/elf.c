/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/elf.h"
#include "arch.h"
#include "base/error.h"

bool elf_identify(const void *head, size_t size, uint16_t *machine, uint8_t *class)
{
	const unsigned char *bytes = head;

	/* e_machine is at the same place in both classes; its byte order is the file's. */
	if (size < 20 || memcmp(bytes, ELFMAG, SELFMAG))
		return false;
	*class = bytes[EI_CLASS];
	if (bytes[EI_DATA] == ELFDATA2MSB)
		*machine = (uint16_t)(bytes[18] << 8 | bytes[19]);
	else
		*machine = (uint16_t)(bytes[19] << 8 | bytes[18]);
	return true;
}

/* The first block of program headers, where it is in HEAD: usually it follows the header. */
static void take_block(struct elf *elf, const unsigned char *head, size_t size)
{
	unsigned int count = MIN(elf->header.e_phnum, (unsigned int)ELF_BLOCK);
	uint64_t at = elf->header.e_phoff;

	if (at > size || count * sizeof(Elf64_Phdr) > size - at)
		return;
	memcpy(elf->block, head + at, count * sizeof(Elf64_Phdr));
	elf->block_count = count;
}

/* The checks of load_elf_binary(), fs/binfmt_elf.c. */
long elf_init(struct elf *elf, int fd, elf_read *read, const void *head, size_t size)
{
	const Elf64_Ehdr *header = &elf->header;
	uint16_t machine;
	uint8_t class;

	elf->fd = fd;
	elf->read = read;
	elf->block_count = 0;
	elf->block_start = 0;
	if (size < sizeof(elf->header) || !elf_identify(head, size, &machine, &class))
		return -ENOEXEC;
	memcpy(&elf->header, head, sizeof(elf->header));
	if (machine != ARCH_ELF_MACHINE || class != ELFCLASS64)
		return -ENOEXEC;
	if ((header->e_type != ET_EXEC && header->e_type != ET_DYN) || header->e_phentsize != sizeof(Elf64_Phdr) ||
	    !header->e_phnum || header->e_phnum > ELF_SEGMENTS_MOST)
		return -ENOEXEC;
	take_block(elf, head, size);
	return 0;
}

const Elf64_Phdr *elf_segment(struct elf *elf, unsigned int index)
{
	unsigned int count;
	size_t size;

	if (index >= elf->header.e_phnum)
		return NULL;
	if (index < elf->block_start || index >= elf->block_start + elf->block_count) {
		elf->block_start = index / ELF_BLOCK * ELF_BLOCK;
		count = MIN(elf->header.e_phnum - elf->block_start, (unsigned int)ELF_BLOCK);
		size = count * sizeof(Elf64_Phdr);
		elf->block_count = 0;
		if (elf->read(elf->fd, elf->block, size, elf->header.e_phoff + elf->block_start * sizeof(Elf64_Phdr)) !=
		    (long)size)
			return NULL;
		elf->block_count = count;
	}
	return &elf->block[index - elf->block_start];
}
