/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "image/describe.h"
#include "base/error.h"
#include "base/text.h"

/* What the agents' gate and the filter around it have in common: the first string. */
#define FORM "proot=" DESCRIBE_GATE

/* Numbers of the image data. */
static const struct number {
	const char *name;
	uint16_t offset, size;
} numbers[] = {
#define NUMBER(name, field) \
	{ \
		name, offsetof(struct image_data, field), sizeof(((struct image_data *)0)->field) \
	}
	NUMBER("flags=", flags),
	NUMBER("verbosity=", verbosity),
	NUMBER("log=", log_fd),
	NUMBER("depth=", depth),
	NUMBER("filters=", filters),
	NUMBER("mount-namespace=", mount_namespace),
	NUMBER("name-namespace=", name_namespace),
	NUMBER("uid=", identity.uid),
	NUMBER("gid=", identity.gid),
	NUMBER("host-uid=", identity.host_uid),
	NUMBER("host-gid=", identity.host_gid),
	NUMBER("raises-ports=", ports.raises),
	NUMBER("finds-ports=", ports.cooperates),
	NUMBER("emulates-all=", emulator.runs_all),
	NUMBER("emulated-machine=", emulator.machine),
	NUMBER("emulated-class=", emulator.class),
	NUMBER("emulated-order=", emulator.order),
#undef NUMBER
};

/* Its texts. */
static const struct string {
	const char *name;
	uint16_t offset, size;
} strings[] = {
#define STRING(name, field) \
	{ \
		name, offsetof(struct image_data, field), sizeof(((struct image_data *)0)->field) \
	}
	STRING("temporary=", temporary),
	STRING("emulated-cpuinfo=", emulator.cpuinfo),
	STRING("library-path=", emulator.library_path),
	STRING("system=", kernel.names[KERNEL_SYSTEM]),
	STRING("node=", kernel.names[KERNEL_NODE]),
	STRING("release=", kernel.names[KERNEL_RELEASE]),
	STRING("version=", kernel.names[KERNEL_VERSION]),
	STRING("machine=", kernel.names[KERNEL_MACHINE]),
	STRING("domain=", kernel.names[KERNEL_DOMAIN]),
#undef STRING
};

struct writing {
	describe_put *put;
	void *context;
	long status;
};

static void put_bytes(struct writing *writing, const void *bytes, size_t size)
{
	if (!writing->status)
		writing->status = writing->put(writing->context, bytes, size);
}

static void put_string(struct writing *writing, const char *name, const char *value)
{
	put_bytes(writing, name, strlen(name));
	put_bytes(writing, value, strlen(value) + 1);
}

static void put_number(struct writing *writing, const char *name, uint64_t value)
{
	char buf[32];
	struct text text;

	text_init(&text, buf, sizeof(buf));
	text_add_hex(&text, value);
	put_string(writing, name, buf);
}

/* Of SIZE bytes: this is for CPUs whose first byte is the lowest. */
static uint64_t load(const void *at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, at, size);
	return value;
}

static void put_data(struct writing *writing, const struct image_data *data, const struct kernel *kernel)
{
	const char *word = data->emulator.words;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
		put_number(writing, numbers[i].name, load((const char *)data + numbers[i].offset, numbers[i].size));
	for (size_t i = 0; i < ARRAY_SIZE(strings); i++) {
		size_t offset = strings[i].offset, start = offsetof(struct image_data, kernel);
		bool is_kernels = offset >= start && offset < start + sizeof(*kernel);

		put_string(writing, strings[i].name,
			   is_kernels ? (const char *)kernel + offset - start : (const char *)data + offset);
	}
	if (kernel->has_hardware)
		put_number(writing, "hardware=", kernel->hardware);
	for (uint32_t i = 0; i < data->ports.count; i++)
		put_number(writing,
			   "port=", (uint32_t)data->ports.pairs[i].inside << 16 | data->ports.pairs[i].outside);
	for (uint32_t i = 0; i < data->emulator.count; i++, word += strlen(word) + 1)
		put_string(writing, "emulator=", word);
}

static void put_view(struct writing *writing, const struct view *view)
{
	const struct view_order *order = view_order(view);

	for (uint32_t i = 0; i < order->count; i++) {
		put_number(writing, "place=", view_binding(view, order->entries[i])->flags);
		put_string(writing, "guest=", view_guest(view, order->entries[i]));
		put_string(writing, "host=", view_host(view, order->entries[i]));
	}
}

long describe_write(const struct nest *nest, const struct kernel *kernel, describe_put *put, void *context)
{
	struct writing writing = { put, context, 0 };

	put_string(&writing, FORM, "");
	put_number(&writing, "state=", nest->state_flags);
	put_number(&writing, "seccomp=", nest->filters);
	put_string(&writing, "root=", nest->root);
	put_string(&writing, "credentials=", nest->credentials);
	put_data(&writing, nest->data, kernel);
	put_view(&writing, nest->view);
	return writing.status;
}

struct reading {
	struct nest *nest;
	struct image_data *data;
	size_t capacity;
	uint32_t bindings;
	unsigned long flags; /* of the place that comes next */
	const char *guest;
	size_t words; /* bytes in use of the emulator's */
};

/* What follows NAME in LINE; NULL: it is another one. */
static const char *value_of(const char *line, const char *name)
{
	return text_begins(line, name) ? line + strlen(name) : NULL;
}

static long take_text(const char *value, char *buf, size_t size)
{
	size_t length = strlen(value);

	if (length >= size)
		return -EPROTO;
	memcpy(buf, value, length + 1);
	return 0;
}

static long take_number(const char *value, void *at, size_t size)
{
	unsigned long number;

	if (!text_read_hex(&value, &number) || *value)
		return -EPROTO;
	memcpy(at, &number, size);
	return 0;
}

static long take_word(struct reading *reading, const char *value)
{
	struct emulator *emulator = &reading->data->emulator;
	long status = take_text(value, emulator->words + reading->words, sizeof(emulator->words) - reading->words);

	reading->words += strlen(value) + 1;
	emulator->count++;
	return status;
}

/* The inner one in the high half. */
static long take_port(struct image_data *data, const char *value)
{
	uint32_t pair = 0;
	long status = data->ports.count < PORTS_MOST ? take_number(value, &pair, sizeof(pair)) : -EPROTO;

	if (!status)
		data->ports.pairs[data->ports.count++] = (struct port_pair){ (uint16_t)(pair >> 16), (uint16_t)pair };
	return status;
}

static long take_host(struct reading *reading, const char *value)
{
	struct view *view = &reading->data->view;

	/* Layers are not told. */
	if (!reading->guest || reading->flags & VIEW_OVERLAY)
		return -EPROTO;
	if (*reading->guest)
		return view_add(view, reading->guest, value, (uint32_t)reading->flags);
	return view_init(view, reading->capacity, reading->bindings, *value ? value : "/");
}

/* One of a few that are no field of the image data; 1: it is none of them. */
static long take_other(struct reading *reading, const char *line)
{
	struct nest *nest = reading->nest;
	const char *value;

	if ((value = value_of(line, "place=")))
		return take_number(value, &reading->flags, sizeof(reading->flags));
	if ((value = value_of(line, "guest="))) {
		reading->guest = value;
		return 0;
	}
	if ((value = value_of(line, "host=")))
		return take_host(reading, value);
	if ((value = value_of(line, "emulator=")))
		return take_word(reading, value);
	if ((value = value_of(line, "state=")))
		return take_number(value, &nest->state_flags, sizeof(nest->state_flags));
	if ((value = value_of(line, "seccomp=")))
		return take_number(value, &nest->filters, sizeof(nest->filters));
	if ((value = value_of(line, "port=")))
		return take_port(reading->data, value);
	if ((value = value_of(line, "root=")))
		return take_text(value, nest->root, sizeof(nest->root));
	if ((value = value_of(line, "credentials=")))
		return take_text(value, nest->credentials, sizeof(nest->credentials));
	if (!(value = value_of(line, "hardware=")))
		return 1;
	reading->data->kernel.has_hardware = 1;
	return take_number(value, &reading->data->kernel.hardware, sizeof(reading->data->kernel.hardware));
}

static long take_line(struct reading *reading, const char *line)
{
	long status = take_other(reading, line);
	const char *value;

	for (size_t i = 0; i < ARRAY_SIZE(numbers) && status == 1; i++)
		if ((value = value_of(line, numbers[i].name)))
			status = take_number(value, (char *)reading->data + numbers[i].offset, numbers[i].size);
	for (size_t i = 0; i < ARRAY_SIZE(strings) && status == 1; i++)
		if ((value = value_of(line, strings[i].name)))
			status = take_text(value, (char *)reading->data + strings[i].offset, strings[i].size);
	return status == 1 ? 0 : status;
}

long describe_read(struct nest *nest, struct image_data *data, size_t capacity, uint32_t bindings, const char *text,
		   size_t size)
{
	struct reading reading = { .nest = nest, .data = data, .capacity = capacity, .bindings = bindings };
	long status = size && !text[size - 1] && text_equal(text, FORM) ? 0 : -EPROTO;

	for (const char *line = text; line < text + size && !status; line += strlen(line) + 1)
		status = take_line(&reading, line);
	if (!status && !data->view.size)
		status = -EPROTO;
	nest->data = data;
	nest->view = &data->view;
	return status;
}
