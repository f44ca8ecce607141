#include "merger/profile/library.h"

#include <ctype.h>

/* Folders of installed packages: the rest of the path begins with the package's name. */
static const struct span package_folders[] = {
	SPAN_INIT("/site-packages/"),
	SPAN_INIT("/dist-packages/"),
	SPAN_INIT("/lib-dynload/"),
};

/* Folders of the system's shared objects. */
static const struct span system_folders[] = {
	SPAN_INIT("/lib/"),
	SPAN_INIT("/lib64/"),
	SPAN_INIT("/usr/lib"),
	SPAN_INIT("/usr/local/lib"),
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* "requests/api.py", "six.py", "_json.cpython-311-x86_64-linux-gnu.so": up to the first slash or
 * dot */
static struct span get_first_word(struct span path)
{
	size_t len = 0;

	while (len < path.len && path.ptr[len] != '/' && path.ptr[len] != '.')
		len++;
	return (struct span){ path.ptr, len };
}

/* The part of the path after the last occurrence of the folder; empty if there is none. */
static struct span find_after_last(struct span path, struct span folder)
{
	struct span ret = { 0 };
	const char *hit;

	while (path.len && (hit = memmem(path.ptr, path.len, folder.ptr, folder.len))) {
		ret = span_skip(path, (size_t)(hit - path.ptr) + folder.len);
		path = ret;
	}
	return ret;
}

/* The part after the standard library's folder: ".../lib/python3.11/", ".../lib64/python2.7/" or
 * ".../python311.zip/". */
static struct span find_after_python(struct span path)
{
	struct span rest = find_after_last(path, SPAN_LIT("/python"));
	size_t at = 0;

	while (at < rest.len && (isdigit((unsigned char)rest.ptr[at]) || rest.ptr[at] == '.'))
		at++;
	if (at && span_starts(span_skip(rest, at), SPAN_LIT("zip")))
		at += 3;
	while (at < rest.len && islower((unsigned char)rest.ptr[at]) && at < 12)
		at++; /* "python3.13t"; not "python3-config" */
	if (!at || at >= rest.len || rest.ptr[at] != '/')
		return (struct span){ 0 };
	return span_skip(rest, at + 1);
}

static struct span find_package(struct span path)
{
	struct span rest = { 0 };

	for (size_t i = 0; i < COUNT_OF(package_folders) && !rest.len; i++)
		rest = find_after_last(path, package_folders[i]);
	return get_first_word(rest);
}

static struct span find_python_library(struct span file)
{
	struct span package = find_package(file), rest = file;

	if (package.len)
		return package;
	if (span_take(&rest, SPAN_LIT("<frozen "))) {
		rest.len -= rest.len > 0;
		return get_first_word(rest);
	}
	return get_first_word(find_after_python(file));
}

/* "python3.11", "python", "libpython3.11.so.1.0", but not "python_utils.so" */
static bool is_interpreter(struct span base)
{
	span_take(&base, SPAN_LIT("lib"));
	return span_take(&base, SPAN_LIT("python")) &&
	       (!base.len || isdigit((unsigned char)base.ptr[0]) || base.ptr[0] == '.');
}

static struct span find_native_library(struct span module)
{
	struct span base = span_basename(module), package = find_package(module);

	if (package.len)
		return package;
	if (is_interpreter(base))
		return base;
	for (size_t i = 0; i < COUNT_OF(system_folders); i++)
		if (span_starts(module, system_folders[i]) && memmem(base.ptr, base.len, ".so", 3))
			return base;
	return (struct span){ 0 };
}

struct span library_name(const struct intern *intern, const struct frame *frame)
{
	if (frame->kind == FRAME_PYTHON)
		return find_python_library(intern_get(intern, frame->file));
	if (frame->kind == FRAME_NATIVE)
		return find_native_library(intern_get(intern, frame->module));
	return (struct span){ 0 };
}
