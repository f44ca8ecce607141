"""pmp's YAML profiles for tests, read with PyYAML, so not with pmp's own parser."""

from tap import check, skip

try:
    import yaml
except ImportError:
    yaml = None


class Profile:
    """A YAML profile. `tree` is its list of roots, each a dict as in the file."""

    def __init__(self, text):
        if yaml is None:
            skip("PyYAML (python3-yaml) is missing")
        self.data = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        self.tree = self.data["tree"] or []
        self.sampling = self.data.get("sampling") or {}
        self.stacks = self.data["stacks"]
        self.total = self.stacks["total"]

    @classmethod
    def load(cls, path):
        with open(path, encoding="utf-8") as file:
            return cls(file.read())

    def share(self, name, kind=None):
        """The percentage of stacks that have a frame of that name."""
        return 100.0 * self.weight(name, kind) / self.total

    def weight(self, name, kind=None):
        return sum(_weight(node, name, kind) for node in self.tree)

    def paths(self, nodes=None, above=()):
        """For each node: the tuple of nodes from its root to the node."""
        for node in self.tree if nodes is None else nodes:
            path = above + (node,)
            yield path
            yield from self.paths(node.get("calls") or (), path)

    def weight_below(self, *names):
        """The weight of the stacks that have these frames in this order; other frames may be
        between them."""
        weight = 0
        for path in self.paths():
            found = [node["frame"] for node in path]
            # Count where the last name completes the chain, not again below that.
            if (found[-1] == names[-1] and _follows(found, names)
                    and not _follows(found[:-1], names)):
                weight += path[-1]["total"]
        return weight

    def check_whole(self):
        """No weight is lost: at each node, the parts add up to the whole."""
        check(sum(node["total"] for node in self.tree) == self.total,
              "the roots' totals are not the total")
        marks = sum(count for mark, count in self.stacks.items() if mark != "total")
        check(marks == self.total, "the marks add up to %d, not %d" % (marks, self.total))
        for path in self.paths():
            node = path[-1]
            below = sum(child["total"] for child in node.get("calls") or ())
            check(node["total"] == node["self"] + below, "total is not self and calls", node)
            check(sum((node.get("lines") or {}).values()) <= node["total"],
                  "more lines than weight", node)


def _weight(node, name, kind):
    """The weight of the topmost matching nodes at and below node, so that recursion counts once."""
    if node["frame"] == name and kind in (None, node["kind"]):
        return node["total"]
    return sum(_weight(child, name, kind) for child in node.get("calls") or ())


def _follows(found, names):
    rest = iter(found)
    return all(name in rest for name in names)
