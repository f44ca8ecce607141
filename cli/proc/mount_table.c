#include "cli/proc/mount_table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/proc/process.h"

#define TEXT_MAX (1u << 22)

/* Types, or the start of one if a '.' or digits follow. */
static const char *const remote_types[] = {
	"nfs",      "cifs",   "smb",      "9p",    "fuse",      "ceph",   "afs",
	"autofs",   "lustre", "beegfs",   "gpfs",  "coda",      "ocfs",   "gfs",
	"virtiofs", "vboxsf", "orangefs", "ncpfs", "glusterfs", "prl_fs", "hgfs",
};

static const char *const virtual_types[] = { "devtmpfs", "devpts", "proc",    "sysfs", "tmpfs",
	                                     "cgroup",   "mqueue", "debugfs", "ramfs" };

void mount_table_read(uint32_t pid, struct buf *ret)
{
	if (!process_read(pid, "mountinfo", TEXT_MAX, ret))
		buf_clear(ret);
}

uint32_t mount_table_fd_id(uint32_t pid, uint32_t fd)
{
	struct buf text = { 0 };
	char name[64];
	const char *at = NULL;
	uint32_t ret;

	snprintf(name, sizeof(name), "fdinfo/%" PRIu32, fd);
	if (process_read(pid, name, 4096, &text)) {
		buf_add(&text, "", 1);
		at = strstr(text.ptr, "mnt_id:");
	}
	ret = at ? (uint32_t)strtoul(at + strlen("mnt_id:"), NULL, 10) : 0;
	buf_deinit(&text);
	return ret;
}

static bool has_type(const struct mount_row *mount, const char *const *types, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (span_starts(mount->type, span_of(types[i])))
			return true;
	return false;
}

static struct span take_word(struct span *line)
{
	const char *blank = line->len ? memchr(line->ptr, ' ', line->len) : NULL;
	struct span word = { line->ptr, blank ? (size_t)(blank - line->ptr) : line->len };

	*line = span_skip(*line, word.len + (blank != NULL));
	return word;
}

static uint32_t parse_number(struct span word)
{
	uint32_t ret = 0;

	for (size_t i = 0; i < word.len && word.ptr[i] >= '0' && word.ptr[i] <= '9'; i++)
		ret = ret * 10 + (uint32_t)(word.ptr[i] - '0');
	return ret;
}

/* "36 35 98:0 /mnt1 /mnt2 rw,noatime master:1 - ext3 /dev/root rw,errors=continue"; there may be
 * any number of words like master:1. */
static bool parse_line(struct span line, struct mount_row *ret)
{
	struct span device, word;
	const char *colon;

	ret->id = parse_number(take_word(&line));
	take_word(&line); /* the parent's id */
	device = take_word(&line);
	colon = device.len ? memchr(device.ptr, ':', device.len) : NULL;
	ret->minor = colon ? parse_number(span_skip(device, (size_t)(colon + 1 - device.ptr))) : 0;
	take_word(&line); /* its root in the file system */
	ret->point = take_word(&line);
	do {
		word = take_word(&line);
	} while (line.len && !span_eq(word, SPAN_LIT("-")));
	ret->type = take_word(&line);
	ret->source = take_word(&line);
	ret->options = line;
	return ret->id && ret->type.len;
}

bool mount_table_find_id(struct span text, uint32_t id, struct mount_row *ret)
{
	struct span line;

	while (span_take_line(&text, &line))
		if (parse_line(line, ret) && ret->id == id)
			return true;
	return false;
}

/* Appends a word of mountinfo without its escapes: blank, tab, newline, backslash. */
static void decode_word(struct span word, struct buf *ret)
{
	for (size_t i = 0; i < word.len; i++) {
		char byte = word.ptr[i];

		if (byte == '\\' && i + 3 < word.len) {
			byte = (char)((word.ptr[i + 1] - '0') << 6 | (word.ptr[i + 2] - '0') << 3 |
			              (word.ptr[i + 3] - '0'));
			i += 3;
		}
		buf_add(ret, &byte, 1);
	}
}

static bool is_inside(struct span path, struct span point)
{
	if (span_eq(point, SPAN_LIT("/")))
		return true;
	return span_starts(path, point) && (path.len == point.len || path.ptr[point.len] == '/');
}

bool mount_table_find_path(struct span text, struct span path, struct mount_row *ret)
{
	struct mount_row row;
	struct buf point = { 0 };
	struct span line;
	size_t best = 0;

	while (span_take_line(&text, &line)) {
		if (!parse_line(line, &row))
			continue;
		buf_clear(&point);
		decode_word(row.point, &point);
		if (point.len >= best && is_inside(path, buf_span(&point))) {
			best = point.len;
			*ret = row;
		}
	}
	buf_deinit(&point);
	return best;
}

bool mount_is_remote(const struct mount_row *mount)
{
	return has_type(mount, remote_types, sizeof(remote_types) / sizeof(*remote_types));
}

bool mount_is_virtual(const struct mount_row *mount)
{
	return has_type(mount, virtual_types, sizeof(virtual_types) / sizeof(*virtual_types));
}

void mount_describe(const struct mount_row *mount, struct buf *ret)
{
	buf_add_span(ret, mount->type);
	buf_add_span(ret, SPAN_LIT(" "));
	decode_word(mount->source, ret);
	buf_add_span(ret, SPAN_LIT(" at "));
	decode_word(mount->point, ret);
}

uint32_t mount_option(const struct mount_row *mount, const char *name)
{
	struct span options = mount->options;
	size_t len = strlen(name);

	while (options.len) {
		const char *comma = memchr(options.ptr, ',', options.len);

		if (span_starts(options, span_of(name)) && options.len > len &&
		    options.ptr[len] == '=')
			return parse_number(span_skip(options, len + 1));
		options = comma ? span_skip(options, (size_t)(comma + 1 - options.ptr))
		                : (struct span){ 0 };
	}
	return 0;
}
