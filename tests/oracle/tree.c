/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tree: few names, so that random paths often lead somewhere. Bindings go
 * over places of their kind, or where there is nothing, parents first; each has
 * a host tree of its own, so that an object has one place in the guest.
 */
#define _GNU_SOURCE
#include "sequence.h"
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

struct node nodes[NODES_MOST];
int node_count;
struct binding bindings[BINDINGS_MOST];
int binding_count;

static const char *const link_targets[] = {
	"a",
	"b",
	"c",
	"d",
	"..",
	".",
	"/",
	"../a",
	"../b",
	"../../c",
	"a/b",
	"b/",
	"./a",
	"/a",
	"/b",
	"/c/",
	"//a//b",
	"../../../../../a",
	"/a/../b",
	"/a/b/c",
	"c/./d",
	"x",
	"/x/y",
	"d/..",
	"/proc/self/cwd",
	"/proc/self/root/a",
	"/proc/self/fd/4",
	"../..",
	"/b/..",
	"./././././././././././././././././././././././././a",
};

static void imagine_target(struct node *node)
{
	const struct node *other = &nodes[random_below((uint32_t)node_count)];

	switch (random_below(4)) {
	case 0:
		strcpy(node->target, other->path);
		break;
	case 1:
		strcat(strcpy(node->target, ".."), other->path);
		break;
	default:
		strcpy(node->target, link_targets[random_below(sizeof(link_targets) / sizeof(*link_targets))]);
	}
}

static mode_t imagine_mode(bool is_directory)
{
	static const mode_t files[] = { 0644, 0600, 0755, 0444, 0000, 0555, 0222, 04755, 0777 };
	static const mode_t directories[] = { 0711, 0555, 0700, 01777, 0777, 02755, 0300, 0644, 0000, 0500 };

	if (is_directory)
		return random_chance(70) ? 0755 : directories[random_below(sizeof(directories) / sizeof(mode_t))];
	/* None may be executed but not read: proot has to read a program. */
	return files[random_below(sizeof(files) / sizeof(mode_t))];
}

static struct node *add_node(int tree, const char *path, enum node_type type)
{
	struct node *node = &nodes[node_count++];

	*node = (struct node){ .type = type, .tree = tree };
	snprintf(node->path, sizeof(node->path), "%s", path);
	node->mode = imagine_mode(type == NODE_DIRECTORY);
	node->is_owned = random_chance(85);
	node->has_attribute = (type == NODE_DIRECTORY || type == NODE_FILE) && random_chance(25);
	if (type == NODE_LINK || type == NODE_SCRIPT)
		imagine_target(node);
	if (type == NODE_PROGRAM || type == NODE_SCRIPT)
		node->mode = random_chance(85) ? 0755 : node->mode;
	return node;
}

static enum node_type imagine_type(void)
{
	unsigned int number = random_below(100);

	return number < 42 ? NODE_DIRECTORY :
	       number < 62 ? NODE_FILE :
	       number < 86 ? NODE_LINK :
	       number < 89 ? NODE_FIFO :
	       number < 91 ? NODE_SOCKET :
	       number < 95 ? NODE_PROGRAM :
			     NODE_SCRIPT;
}

static bool has_node(int tree, const char *path)
{
	for (int i = 0; i < node_count; i++)
		if (nodes[i].tree == tree && !strcmp(nodes[i].path, path))
			return true;
	return false;
}

static void fill(int tree, const char *directory, int depth)
{
	int count = depth ? (int)random_below(5) : 6;

	for (int i = 0; i < count && node_count < NODES_MOST - 10; i++) {
		struct node *node;
		char path[256];

		snprintf(path, sizeof(path), "%s/%c", directory, 'a' + random_below(6));
		if (strlen(path) > 100 || has_node(tree, path))
			continue;
		node = add_node(tree, path, imagine_type());
		if (node->type == NODE_DIRECTORY && depth < 4)
			fill(tree, path, depth + 1);
	}
}

/* The directories above a binding must be ones that the user can search, or proot could not find the place. */
static void open_parents(const char *path)
{
	for (int i = 0; i < node_count; i++) {
		size_t length = strlen(nodes[i].path);

		if (!strncmp(nodes[i].path, path, length) && path[length] == '/') {
			nodes[i].mode = 0755;
		}
	}
}

/* Whether the guest sees this node: the deepest binding above it is its own tree. */
static bool is_visible(const struct node *node)
{
	size_t best = 0;
	int tree = 0;

	for (int i = 0; i < binding_count; i++) {
		size_t length = strlen(bindings[i].guest);

		if (length >= best && !strncmp(node->path, bindings[i].guest, length) &&
		    (node->path[length] == '/' || !node->path[length])) {
			best = length;
			tree = bindings[i].tree;
		}
	}
	return tree == node->tree;
}

/* A binding's place must not be above one that is there already. */
static bool is_above_binding(const char *path)
{
	size_t length = strlen(path);

	for (int i = 0; i < binding_count; i++)
		if (!strncmp(bindings[i].guest, path, length) &&
		    (bindings[i].guest[length] == '/' || !bindings[i].guest[length]))
			return true;
	return false;
}

static enum node_type imagine_kind(bool is_directory)
{
	static const enum node_type kinds[] = { NODE_FILE, NODE_FILE, NODE_FILE, NODE_FIFO, NODE_SOCKET, NODE_SCRIPT };

	return is_directory ? NODE_DIRECTORY : kinds[random_below(sizeof(kinds) / sizeof(*kinds))];
}

/* The place may be named by a link to it: proot and the kernel both follow it. */
static void imagine_spelling(struct binding *binding)
{
	const struct node *directory = &nodes[random_below((uint32_t)node_count)];
	struct node *link;
	char path[256];

	strcpy(binding->spelled, binding->guest);
	snprintf(path, sizeof(path), "%.200s/g", directory->path);
	/* A link that leads nowhere would be covered itself. */
	if (binding->is_missing || random_chance(75) || directory->type != NODE_DIRECTORY || !is_visible(directory) ||
	    has_node(directory->tree, path) || node_count > NODES_MOST - 10)
		return;
	open_parents(path);
	link = add_node(directory->tree, path, NODE_LINK);
	snprintf(link->target, sizeof(link->target), "%s%s", random_chance(50) ? "../../../../../../.." : "",
		 binding->guest);
	strcpy(binding->spelled, path);
}

/* Where there is nothing, in the directory PLACE. */
static bool imagine_missing(const struct node *place, struct binding *binding)
{
	if (place->type != NODE_DIRECTORY || !is_visible(place))
		return false;
	snprintf(binding->guest, sizeof(binding->guest), "%.200s/%c", place->path, 'a' + random_below(6));
	binding->is_missing = true;
	return !has_node(place->tree, binding->guest) && !is_above_binding(binding->guest);
}

/* Over PLACE, or in it where there is nothing. Of those that are no directories there are fewer bindings. */
static bool imagine_place(const struct node *place, struct binding *binding)
{
	if (random_chance(20))
		return imagine_missing(place, binding);
	strcpy(binding->guest, place->path);
	binding->is_missing = false;
	return (place->type == NODE_DIRECTORY || random_chance(40)) && place->type != NODE_LINK && is_visible(place) &&
	       !is_above_binding(place->path);
}

static void imagine_binding(int tree)
{
	for (int tries = 0; tries < 40; tries++) {
		const struct node *place = &nodes[random_below((uint32_t)node_count)];
		struct binding *binding = &bindings[binding_count];
		bool is_directory = place->type == NODE_DIRECTORY;

		if (!imagine_place(place, binding))
			continue;
		if (binding->is_missing)
			is_directory = random_chance(60);
		binding->tree = tree;
		binding_count++;
		open_parents(binding->guest);
		imagine_spelling(binding);
		/* The top of a bound tree stands in for the place. */
		add_node(tree, binding->guest, imagine_kind(is_directory))->mode |= 0400;
		if (is_directory)
			fill(tree, binding->guest, 2);
		return;
	}
}

static int depth_of(const char *path)
{
	int depth = 0;

	for (; *path; path++)
		depth += *path == '/';
	return depth;
}

/* proot takes bindings of fewer components, as they are spelled, first. */
static int compare_bindings(const void *a, const void *b)
{
	const struct binding *left = a, *right = b;
	int order = depth_of(left->spelled) - depth_of(right->spelled);

	return order ? order : left->tree - right->tree;
}

static bool is_at_or_above(const char *above, const char *path)
{
	size_t length = strlen(above);

	return !strncmp(above, path, length) && (path[length] == '/' || !path[length]);
}

/* Whether OTHER must come before BINDING, so that the kernel mounts both where they belong: what is below, and links.
 */
static bool must_precede(const struct binding *other, const struct binding *binding)
{
	return is_at_or_above(other->guest, binding->guest) || is_at_or_above(other->guest, binding->spelled);
}

/* Spell a binding by its place where the link would lead elsewhere, or to one that is covered then. */
static bool correct_spelling(struct binding *binding)
{
	bool is_wrong = false;

	for (int i = 0; i < binding_count; i++) {
		const struct binding *other = &bindings[i];
		int order = compare_bindings(other, binding);

		if (other == binding)
			continue;
		is_wrong |= must_precede(other, binding) && (order > 0 || other->tree > binding->tree);
		is_wrong |= must_precede(binding, other) && order < 0;
	}
	if (is_wrong && strcmp(binding->spelled, binding->guest)) {
		strcpy(binding->spelled, binding->guest);
		return true;
	}
	return false;
}

static void order_bindings(void)
{
	bool is_corrected;

	do {
		is_corrected = false;
		for (int i = 0; i < binding_count; i++)
			is_corrected |= correct_spelling(&bindings[i]);
	} while (is_corrected);
	qsort(bindings, (size_t)binding_count, sizeof(*bindings), compare_bindings);
}

void tree_imagine(void)
{
	int count = (int)random_below(BINDINGS_MOST);

	fill(0, "", 0);
	for (int i = 1; i <= count; i++)
		imagine_binding(i);
	order_bindings();
}

static const struct binding *binding_of_tree(int tree)
{
	for (int i = 0; i < binding_count; i++)
		if (bindings[i].tree == tree)
			return &bindings[i];
	return NULL;
}

const char *tree_name(int tree)
{
	static char name[16];

	snprintf(name, sizeof(name), "tree%.*s", tree, "11111111");
	return name;
}

/* Where PATH lies on the host, in TREE. */
static void host_path(const char *directory, int tree, const char *path, char *buf)
{
	if (tree)
		snprintf(buf, PATH_MAX, "%s/%s%s", directory, tree_name(tree),
			 path + strlen(binding_of_tree(tree)->guest));
	else
		snprintf(buf, PATH_MAX, "%s/root%s", directory, path);
}

static void host_place(const char *directory, const struct node *node, char *buf)
{
	host_path(directory, node->tree, node->path, buf);
}

/* The missing place of a binding. */
static void host_of_missing(const char *directory, const struct binding *binding, char *buf)
{
	size_t best = 0;
	int tree = 0;

	for (int i = 0; i < binding_count; i++) {
		size_t length = strlen(bindings[i].guest);

		if (&bindings[i] != binding && length >= best && !strncmp(binding->guest, bindings[i].guest, length) &&
		    binding->guest[length] == '/') {
			best = length;
			tree = bindings[i].tree;
		}
	}
	host_path(directory, tree, binding->guest, buf);
}

/* Something to mount on, which keeps nobody from anything. */
static void make_missing(const char *directory, uid_t uid)
{
	char path[PATH_MAX];

	for (int i = 0; i < binding_count; i++) {
		mode_t mode = S_IFREG;

		if (!bindings[i].is_missing)
			continue;
		for (int j = 0; j < node_count; j++)
			if (nodes[j].tree == bindings[i].tree && !strcmp(nodes[j].path, bindings[i].guest))
				mode = nodes[j].type == NODE_DIRECTORY ? S_IFDIR :
				       nodes[j].type == NODE_FIFO      ? S_IFIFO :
				       nodes[j].type == NODE_SOCKET    ? S_IFSOCK :
									 S_IFREG;
		host_of_missing(directory, &bindings[i], path);
		if ((mode == S_IFDIR ? mkdir(path, 0777) : mknod(path, mode | 0666, 0)) || chown(path, uid, uid))
			err(1, "%s", path);
	}
}

static void copy_file(const char *from, const char *to)
{
	static char block[1 << 16];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY | O_CREAT | O_EXCL, 0755);
	ssize_t size;

	if (in < 0 || out < 0)
		err(1, "copy %s to %s", from, to);
	while ((size = read(in, block, sizeof(block))) > 0)
		if (write(out, block, (size_t)size) != size)
			err(1, "%s", to);
	close(in);
	close(out);
}

static void write_text(const char *path, const char *text, int number)
{
	FILE *file = fopen(path, "wx");

	if (!file)
		err(1, "%s", path);
	fprintf(file, "%s\nfile %d\n", text, number);
	fclose(file);
}

static void make_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", strrchr(path, '/') + 1);
	*strrchr(path, '/') = '\0';
	if (chdir(path) || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		err(1, "socket %s", path);
	close(fd);
}

static void make_node(const char *directory, const struct node *node, const char *program)
{
	char path[PATH_MAX], first_line[330];
	int number = (int)(node - nodes), status = 0;

	host_place(directory, node, path);
	snprintf(first_line, sizeof(first_line), "#!%s", node->target);
	switch (node->type) {
	case NODE_DIRECTORY:
		status = mkdir(path, 0700);
		break;
	case NODE_FILE:
		write_text(path, "", number);
		break;
	case NODE_SCRIPT:
		write_text(path,
			   number % 3 ? first_line :
			   number % 2 ? "#!/bin/hello" :
					"#! /bin/hello  a word ",
			   number);
		break;
	case NODE_LINK:
		status = symlink(node->target, path);
		break;
	case NODE_FIFO:
		status = mkfifo(path, 0600);
		break;
	case NODE_SOCKET:
		make_socket(strdup(path));
		break;
	case NODE_PROGRAM:
		status = link(program, path);
	}
	if (status)
		err(1, "%s", path);
}

/* Owner, mode and a time that tells which object it is. Children first: they change their parent's time. */
static void finish_node(const char *directory, const struct node *node, uid_t uid)
{
	struct timespec times[2] = { { 0 } };
	char path[PATH_MAX];

	host_place(directory, node, path);
	if (node->type == NODE_PROGRAM)
		return;
	if (node->is_owned && lchown(path, uid, uid))
		err(1, "chown %s", path);
	if (node->has_attribute && setxattr(path, "user.a", "value", 5, 0) && errno != ENOTSUP)
		err(1, "setxattr %s", path);
	if (node->type != NODE_LINK && chmod(path, node->mode))
		err(1, "chmod %s", path);
	times[0].tv_sec = times[1].tv_sec = 1000 + (node - nodes);
	if (utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW))
		err(1, "utimensat %s", path);
}

static const char *below(const char *directory, const char *name)
{
	static char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void make_directory(const char *path)
{
	if (mkdir(path, 0755))
		err(1, "%s", path);
}

void tree_make(const char *directory, uid_t uid, const char *programs, bool with_places)
{
	const struct timespec times[2] = { { .tv_sec = 999 }, { .tv_sec = 999 } };
	char program[PATH_MAX], from[PATH_MAX];

	umask(0);
	make_directory(below(directory, "root"));
	make_directory(below(directory, "root/bin"));
	make_directory(below(directory, "root/proc"));
	snprintf(from, sizeof(from), "%s/sequence", programs);
	copy_file(from, below(directory, "root/bin/sequence"));
	snprintf(from, sizeof(from), "%s/hello", programs);
	copy_file(from, below(directory, "root/bin/hello"));
	/* The tree's own programs are links to one file, which a guest may spoil. */
	snprintf(program, sizeof(program), "%s/program", directory);
	copy_file(from, program);
	utimensat(AT_FDCWD, program, times, 0);
	for (int i = 0; i < node_count; i++)
		make_node(directory, &nodes[i], program);
	if (with_places)
		make_missing(directory, uid);
	for (int i = node_count; i-- > 0;)
		finish_node(directory, &nodes[i], uid);
	if (lchown(below(directory, "root"), uid, uid) || utimensat(AT_FDCWD, below(directory, "root"), times, 0))
		err(1, "%s", directory);
}

static unsigned long hash_file(const char *path)
{
	unsigned long hash = 5381;
	int fd = open(path, O_RDONLY | O_NONBLOCK), c;
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");

	while (file && (c = getc(file)) != EOF)
		hash = hash * 33 + (unsigned long)c;
	if (file)
		fclose(file);
	return hash;
}

static const char *listed; /* the directory that is listed */

static bool is_missing_place(const char *path)
{
	char place[PATH_MAX];

	for (int i = 0; i < binding_count; i++) {
		if (!bindings[i].is_missing)
			continue;
		host_of_missing(listed, &bindings[i], place);
		if (!strcmp(place, path))
			return true;
	}
	return false;
}

static bool holds_missing_place(const char *path)
{
	char place[PATH_MAX];

	for (int i = 0; i < binding_count; i++) {
		if (!bindings[i].is_missing)
			continue;
		host_of_missing(listed, &bindings[i], place);
		*strrchr(place, '/') = '\0';
		if (!strcmp(place, path))
			return true;
	}
	return false;
}

static void list_node(const char *path, const char *shown)
{
	char target[PATH_MAX] = "", names[4096];
	struct stat status;
	ssize_t size;

	if (lstat(path, &status)) {
		printf("%s: %s\n", shown, strerrorname_np(errno));
		return;
	}
	printf("%s %o %u %u", shown, status.st_mode, status.st_uid, status.st_gid);
	if (!holds_missing_place(path))
		printf(" %lu", (unsigned long)status.st_nlink);
	if (status.st_mtime < 1000000000 && !(is_of_links && S_ISDIR(status.st_mode)))
		printf(" @%ld", (long)status.st_mtime);
	if (S_ISREG(status.st_mode))
		printf(" %ld %lx", (long)status.st_size, hash_file(path));
	if (S_ISLNK(status.st_mode) && readlink(path, target, sizeof(target) - 1) >= 0)
		printf(" -> %s", target);
	if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))
		printf(" device %lx", (unsigned long)status.st_rdev);
	size = llistxattr(path, names, sizeof(names));
	for (char *name = names; size > 0 && name < names + size; name += strlen(name) + 1) {
		char value[256];
		ssize_t length = lgetxattr(path, name, value, sizeof(value));

		printf(" %s=%.*s", name, length < 0 ? 0 : (int)length, value);
	}
	printf("\n");
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_below(const char *path, const char *shown)
{
	char *names[4096], below[PATH_MAX * 2], below_shown[PATH_MAX * 2];
	struct dirent *entry;
	DIR *directory;
	size_t count = 0;

	list_node(path, shown);
	directory = opendir(path);
	if (!directory)
		return;
	while ((entry = readdir(directory)) && count < 4096)
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			names[count++] = strdup(entry->d_name);
	closedir(directory);
	qsort(names, count, sizeof(*names), by_name);
	for (size_t i = 0; i < count; i++) {
		struct stat status;

		snprintf(below, sizeof(below), "%s/%s", path, names[i]);
		snprintf(below_shown, sizeof(below_shown), "%s/%s", shown, names[i]);
		if (is_missing_place(below))
			continue;
		if (!lstat(below, &status) && S_ISDIR(status.st_mode))
			list_below(below, below_shown);
		else
			list_node(below, below_shown);
		free(names[i]);
	}
}

void tree_list(const char *directory)
{
	listed = directory;
	list_below(directory, "");
}
