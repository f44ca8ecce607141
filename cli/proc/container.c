#include "cli/proc/container.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#include "cli/proc/process.h"

#define MAPS_MAX (16u << 20)

size_t container_find(uint32_t inner, uint32_t *ret, size_t max)
{
	struct dirent *entry;
	size_t count = 0;
	DIR *dir = opendir("/proc");

	while (dir && count < max && (entry = readdir(dir))) {
		struct process_status status;
		uint32_t pid;

		if (!process_entry_number(entry->d_name, &pid) || !process_status(pid, 0, &status))
			continue;
		if (status.inner_pid == inner)
			ret[count++] = pid;
	}
	if (dir)
		closedir(dir);
	return count;
}

struct span container_path(struct span path, const char *root)
{
	size_t len = strlen(root);

	if (len > 1 && path.len > len && !memcmp(path.ptr, root, len) && path.ptr[len] == '/')
		return span_skip(path, len);
	return path;
}

bool container_has_replaced_library(uint32_t pid, struct buf *ret)
{
	struct buf text = { 0 };
	struct span rest, line;
	char root[4096];
	bool found = false;

	process_link(pid, "root", root, sizeof(root));
	process_read(pid, "maps", MAPS_MAX, &text);
	rest = buf_span(&text);
	while (!found && span_take_line(&rest, &line)) {
		struct process_map map;

		found = span_ends(line, SPAN_LIT(" (deleted)")) && process_map_parse(line, &map) &&
		        map.perms[2] == 'x' && memmem(map.path.ptr, map.path.len, ".so", 3);
		if (found)
			buf_add_span(ret, container_path(map.path, root));
	}
	buf_deinit(&text);
	return found;
}

bool container_has_other_mounts(uint32_t pid)
{
	char own[64], its[64];

	process_link((uint32_t)getpid(), "ns/mnt", own, sizeof(own));
	process_link(pid, "ns/mnt", its, sizeof(its));
	return *own && *its && strcmp(own, its) != 0;
}

bool container_has_other_root(uint32_t pid)
{
	char root[4096];

	process_link(pid, "root", root, sizeof(root));
	return *root && strcmp(root, "/") != 0 && !container_has_other_mounts(pid);
}
