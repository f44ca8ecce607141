#include "cli/proc/socket_table.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "cli/proc/process.h"

#define TABLE_MAX (64u << 20)
#define WORDS 12 /* more words of a row are ignored */

/* include/net/tcp_states.h */
static const char *const states[] = {
	[1] = "ESTABLISHED", [2] = "SYN_SENT",  [3] = "SYN_RECV", [4] = "FIN_WAIT1",
	[5] = "FIN_WAIT2",   [6] = "TIME_WAIT", [7] = "CLOSE",    [8] = "CLOSE_WAIT",
	[9] = "LAST_ACK",    [10] = "LISTEN",   [11] = "CLOSING",
};

/* Splits a line into words; returns their number, at most WORDS. */
static size_t split_words(struct span line, struct span words[WORDS])
{
	size_t count = 0;

	line = span_trim(line);
	while (count < WORDS && span_take_word(&line, &words[count]))
		count++;
	return count;
}

static bool parse_number(struct span word, int base, uint64_t *ret)
{
	char text[32], *end;

	if (!word.len || word.len >= sizeof(text))
		return false;
	memcpy(text, word.ptr, word.len);
	text[word.len] = '\0';
	*ret = strtoull(text, &end, base);
	return !*end;
}

/* word: "0100007F:1F90", the address in units of four bytes in host byte order, and the port. *ret
 * is empty if the port is 0: the socket has no such end. */
static bool format_address(struct span word, char ret[SOCKET_TEXT_MAX])
{
	const char *colon = word.len ? memchr(word.ptr, ':', word.len) : NULL;
	size_t digits = colon ? (size_t)(colon - word.ptr) : 0;
	uint32_t parts[4] = { 0 };
	char text[INET6_ADDRSTRLEN];
	uint64_t part, port;

	ret[0] = '\0';
	if ((digits != 8 && digits != 32) || !parse_number(span_skip(word, digits + 1), 16, &port))
		return false;
	for (size_t i = 0; i < digits / 8; i++) {
		if (!parse_number((struct span){ word.ptr + i * 8, 8 }, 16, &part))
			return false;
		parts[i] = (uint32_t)part;
	}
	if (!port)
		return true;
	/* ::ffff:127.0.0.1 is 127.0.0.1 (RFC 4291, 2.5.5.2), as the other end has it. */
	if (digits == 32 && !parts[0] && !parts[1] && parts[2] == htonl(0xffff)) {
		parts[0] = parts[3];
		digits = 8;
	}
	inet_ntop(digits == 8 ? AF_INET : AF_INET6, parts, text, sizeof(text));
	snprintf(ret, SOCKET_TEXT_MAX, digits == 8 ? "%s:%u" : "[%s]:%u", text, (unsigned)port);
	return true;
}

bool socket_row_parse(struct span line, bool udp, struct socket_row *ret, uint64_t *inode)
{
	struct span words[WORDS];
	uint64_t state, unused;

	*ret = (struct socket_row){ .kind = udp ? "udp" : "tcp" };
	if (split_words(line, words) < 10 || words[4].len != 17 ||
	    !format_address(words[1], ret->local) || !format_address(words[2], ret->remote) ||
	    !parse_number(words[3], 16, &state) ||
	    !parse_number((struct span){ words[4].ptr, 8 }, 16, &ret->send_queue) ||
	    !parse_number((struct span){ words[4].ptr + 9, 8 }, 16, &ret->recv_queue) ||
	    !parse_number(words[9], 10, inode ? inode : &unused))
		return false;
	if (!udp && state < sizeof(states) / sizeof(states[0]))
		ret->state = states[state];
	return true;
}

/* Calls take for each line of the table, until it returns false. */
static void each_row(uint32_t pid, const char *name, bool (*take)(void *ctx, struct span line),
                     void *ctx)
{
	struct buf text = { 0 };
	struct span rest, line;

	if (process_read(pid, name, TABLE_MAX, &text)) {
		rest = buf_span(&text);
		while (span_take_line(&rest, &line) && take(ctx, line))
			;
	}
	buf_deinit(&text);
}

struct search {
	uint64_t inode;
	bool udp, found;
	struct socket_row row;
};

static bool take_inode(void *ctx, struct span line)
{
	struct search *search = ctx;
	struct socket_row row;
	uint64_t inode;

	if (!socket_row_parse(line, search->udp, &row, &inode) || inode != search->inode)
		return true;
	search->row = row;
	search->found = true;
	return false;
}

static bool is_same_port(const char *a, const char *b)
{
	a = strrchr(a, ':');
	b = strrchr(b, ':');
	return a && b && !strcmp(a, b);
}

/* The other end on this machine, and a socket that listens at the local port. The address may
 * differ: many listen at all addresses. */
static bool take_peer(void *ctx, struct span line)
{
	struct search *search = ctx;
	struct socket_row row;
	uint64_t inode;

	if (!socket_row_parse(line, search->udp, &row, &inode) || !inode)
		return true;
	if (row.state && !strcmp(row.state, "LISTEN") && is_same_port(row.local, search->row.local))
		search->row.accepted = true;
	if (!strcmp(row.local, search->row.remote) && !strcmp(row.remote, search->row.local))
		search->row.peer_inode = inode;
	return true;
}

/* line: "ffff: 00000003 00000000 00000000 0001 03 79 /run/x": address, count, protocol, flags,
 * type, state, inode, path. */
static bool take_unix(void *ctx, struct span line)
{
	struct search *search = ctx;
	struct span words[WORDS];
	size_t count = split_words(line, words);
	uint64_t inode, flags;

	if (count < 7 || !parse_number(words[6], 10, &inode) || inode != search->inode)
		return true;
	search->row = (struct socket_row){ .kind = "unix" };
	/* include/net/sock.h: __SO_ACCEPTCON */
	if (parse_number(words[3], 16, &flags) && flags & 0x10000)
		search->row.state = "LISTEN";
	/* Only a socket of bind(2) and those that it accepts have a path. */
	search->row.accepted = count > 7 && !search->row.state;
	if (count > 7)
		snprintf(search->row.local, SOCKET_TEXT_MAX, "%.*s", SPAN_ARG(words[7]));
	search->found = true;
	return false;
}

struct unix_question {
	struct nlmsghdr header;
	struct unix_diag_req request;
};

/* The value of the first attribute of this kind that has four bytes; 0: none. */
static uint32_t find_attribute(const struct nlmsghdr *header, uint16_t kind)
{
	const struct unix_diag_msg *message = NLMSG_DATA(header);
	const char *at = (const char *)(message + 1);
	const char *end = (const char *)header + header->nlmsg_len;

	while (end - at >= (ptrdiff_t)sizeof(struct nlattr)) {
		struct nlattr attribute;
		uint32_t value;

		memcpy(&attribute, at, sizeof(attribute));
		if (attribute.nla_len < sizeof(attribute) || attribute.nla_len > end - at)
			break;
		if (attribute.nla_type == kind &&
		    attribute.nla_len >= sizeof(attribute) + sizeof(value)) {
			memcpy(&value, at + sizeof(attribute), sizeof(value));
			return value;
		}
		at += NLA_ALIGN(attribute.nla_len);
	}
	return 0;
}

/* sock_diag knows our own network namespace only. 0: unknown. */
static uint64_t find_unix_peer(uint64_t inode)
{
	struct unix_question question = {
		.header = { .nlmsg_len = sizeof(question),
		            .nlmsg_type = SOCK_DIAG_BY_FAMILY,
		            .nlmsg_flags = NLM_F_REQUEST },
		.request = { .sdiag_family = AF_UNIX,
		             .udiag_states = (uint32_t)-1,
		             .udiag_ino = (uint32_t)inode,
		             .udiag_show = UDIAG_SHOW_PEER,
		             .udiag_cookie = { (uint32_t)-1, (uint32_t)-1 } },
	};
	struct timeval limit = { .tv_usec = 200000 };
	_Alignas(struct nlmsghdr) char answer[8192];
	const struct nlmsghdr *header = (const void *)answer;
	uint64_t ret = 0;
	ssize_t got;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);

	if (fd < 0)
		return 0;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (send(fd, &question, sizeof(question), 0) == (ssize_t)sizeof(question) &&
	    (got = recv(fd, answer, sizeof(answer), 0)) > 0 && NLMSG_OK(header, (size_t)got) &&
	    header->nlmsg_type == SOCK_DIAG_BY_FAMILY)
		ret = find_attribute(header, UNIX_DIAG_PEER);
	close(fd);
	return ret;
}

bool socket_table_find(uint32_t pid, uint64_t inode, struct socket_row *ret)
{
	static const struct {
		const char *name;
		bool udp;
	} tables[] = {
		{ "net/tcp", false },
		{ "net/tcp6", false },
		{ "net/udp", true },
		{ "net/udp6", true },
	};
	struct search search = { .inode = inode };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]) && !search.found; i++) {
		search.udp = tables[i].udp;
		each_row(pid, tables[i].name, take_inode, &search);
	}
	if (search.found && search.row.local[0] && search.row.remote[0])
		for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
			if (tables[i].udp == search.udp)
				each_row(pid, tables[i].name, take_peer, &search);
	if (!search.found) {
		each_row(pid, "net/unix", take_unix, &search);
		if (search.found)
			search.row.peer_inode = find_unix_peer(inode);
	}
	*ret = search.row;
	return search.found;
}
