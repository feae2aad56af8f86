/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `compile` compiles: counts the words of its input. */
#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

struct word {
	char *text;
	unsigned long count;
	struct word *next;
};

static struct word *table[4096];

static struct word **find(const char *text)
{
	unsigned int hash = 5381;
	struct word **at;

	for (const char *c = text; *c; c++)
		hash = hash * 33 + (unsigned char)*c;
	for (at = &table[hash % 4096]; *at && strcmp((*at)->text, text); at = &(*at)->next)
		;
	return at;
}

static void count(const char *text)
{
	struct word **at = find(text);

	if (!*at) {
		*at = calloc(1, sizeof(**at));
		(*at)->text = strdup(text);
	}
	(*at)->count++;
}

int main(void)
{
	char word[256];
	size_t length = 0;
	int c;

	do {
		c = getchar();
		if (isalpha(c) && length < sizeof(word) - 1) {
			word[length++] = (char)tolower(c);
			continue;
		}
		word[length] = '\0';
		if (length)
			count(word);
		length = 0;
	} while (c != EOF);
	for (size_t i = 0; i < 4096; i++)
		for (struct word *at = table[i]; at; at = at->next)
			printf("%8lu %s\n", at->count, at->text);
	return 0;
}
