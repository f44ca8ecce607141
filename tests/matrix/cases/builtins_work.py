"""Runs until it is killed: some 40 types and modules that are written in C, each for a moment.

A module that this Python lacks is left out."""

import gc

import method_addresses
import truth

WORK = []


def work(function):
    WORK.append(function)
    return function


def load(name):
    try:
        return __import__(name, fromlist=["x"])
    except ImportError:
        return None


json, re, decimal, zlib = load("json"), load("re"), load("decimal"), load("zlib")
hashlib, datetime, csv, io = load("hashlib"), load("datetime"), load("csv"), load("io")
sqlite3, struct, itertools = load("sqlite3"), load("struct"), load("itertools")
pickle = load("cPickle") or load("pickle")
collections, functools, heapq = load("collections"), load("functools"), load("heapq")
bisect, array, math, random = load("bisect"), load("array"), load("math"), load("random")
binascii, codecs, fractions = load("binascii"), load("codecs"), load("fractions")
unicodedata, marshal = load("unicodedata"), load("marshal")
ROWS = [{"a": i, "b": [i, str(i)], "c": {"d": i / 3.0}} for i in range(60)]


def key(number):
    return number * 7919 % 1013


def even(number):
    return number % 2 == 0


@work
def sorting():
    sorted(range(300), key=key)
    list(map(key, filter(even, range(300))))
    list(reversed([min(range(50), key=key), max(range(50), key=key)]))


@work
def texts():
    text = " ".join(str(number) for number in range(200))
    text.replace("1", "one").upper().split(" ")
    "%s %d %r" % (text, 7, text) + "{0} {1:>10}".format(text, 3.5)
    text.encode("utf-8").decode("utf-8").strip().partition("7")
    [text.find(word) for word in ("199", "none")]


@work
def numbers():
    number = 3 ** 200
    for i in range(1, 60):
        number = number * i // (i + 1) ^ i
    str(number)
    [float(i) ** 0.5 + abs(-i) for i in range(100)]
    divmod(number, 97), hash(number), int("123456789" * 5), complex(1, 2) * complex(3, 4)


@work
def containers():
    table = {}
    for i in range(200):
        table[str(i)] = i
    table.update((str(i), i) for i in range(100))
    sorted(table.items())
    (set(range(100)) | set(range(50, 150))) - frozenset(range(20)) & set([1])
    numbers = list(range(200))
    numbers[5:10] = [1, 2]
    numbers.insert(3, 4)
    numbers.index(150), numbers.count(3), tuple(numbers) + (1,), sum(numbers)
    bytearray(b"abc") * 50, memoryview(b"abc" * 100)[5:20].tolist(), list(zip(numbers, numbers))
    [pair for pair in enumerate(numbers)], any(numbers), all(numbers), slice(1, 2).indices(5)


@work
def classes():
    class Point(object):
        def __init__(self, x):
            self.x = x

        def __lt__(self, other):
            return self.x < other.x

        def __hash__(self):
            return hash(self.x)

        def __eq__(self, other):
            return self.x == other.x

        @property
        def double(self):
            return 2 * self.x
    points = [Point(i % 17) for i in range(60)]
    points.sort()
    {point: point.double for point in points}
    isinstance(points[0], Point), getattr(points[0], "x"), type("New", (Point,), {})


@work
def exceptions():
    for number in range(50):
        try:
            [1][number]
        except IndexError as error:
            str(error)


@work
def generators():
    def numbers():
        for number in range(50):
            yield number
    sum(numbers()), list(number for number in numbers()), dict.fromkeys(numbers())


@work
def collecting():
    for _ in range(20):
        ring = []
        ring.append(ring)
    gc.collect(0)


def when(module, function):
    if module:
        work(function)


when(json, lambda: json.loads(json.dumps(ROWS)))
when(re, lambda: re.sub(r"(\d+)", lambda match: match.group(1) + "x", "a1b22c333" * 50))
when(re, lambda: re.findall(r"\w+@\w+\.com", "some@one.com and none" * 50))
when(decimal, lambda: sum(decimal.Decimal(i) / 7 for i in range(50)))
when(zlib, lambda: zlib.decompress(zlib.compress(b"some text to compress" * 500)))
when(hashlib, lambda: (hashlib.md5(b"x" * 20000).hexdigest(), hashlib.sha256(b"x" * 20000)))
when(pickle, lambda: pickle.loads(pickle.dumps(ROWS, 2)))
when(marshal, lambda: marshal.loads(marshal.dumps(ROWS)))
when(csv, lambda: list(csv.reader(["a,b,c"] * 100)))
when(io, lambda: [line for line in io.BytesIO(b"one\ntwo\n" * 100)])
when(io, lambda: io.TextIOWrapper(io.BytesIO(b"one\ntwo\n" * 100)).read())
when(datetime, lambda: [(datetime.datetime(2020, 1, 1) + datetime.timedelta(i)).isoformat()
                        for i in range(50)])
when(datetime, lambda: datetime.datetime.strptime("2020-01-02", "%Y-%m-%d").strftime("%d.%m.%Y"))
when(struct, lambda: [struct.unpack("<iqd", struct.pack("<iqd", 1, i, 2.0)) for i in range(50)])
when(itertools, lambda: list(itertools.islice(itertools.permutations(range(6)), 200)))
when(itertools, lambda: list(itertools.chain(itertools.product("ab", "cd"),
                                             itertools.groupby("aab"))))
when(collections, lambda: (collections.deque(range(200), 50), collections.OrderedDict(a=1)))
when(collections, lambda: collections.defaultdict(list)["x"])
when(functools, lambda: functools.reduce(lambda a, b: a + b, range(100)))
when(functools, lambda: [functools.partial(key, 5)() for _ in range(50)])
when(heapq, lambda: heapq.nsmallest(5, [key(i) for i in range(200)]))
when(bisect, lambda: [bisect.bisect([1, 5, 9], i) for i in range(50)])
when(array, lambda: array.array("d", [1.5] * 200).tolist())
when(math, lambda: [math.sin(i) + math.factorial(i) for i in range(30)])
when(random, lambda: random.Random(1).sample(list(range(200)), 20))
when(binascii, lambda: binascii.unhexlify(binascii.hexlify(b"abc" * 500)))
when(codecs, lambda: codecs.decode(codecs.encode(u"text" * 200, "utf-16"), "utf-16"))
when(fractions, lambda: sum(fractions.Fraction(1, i) for i in range(1, 20)))
when(unicodedata, lambda: unicodedata.normalize("NFD", u"\xe9" * 200))


def query():
    connection = sqlite3.connect(":memory:")
    connection.execute("create table t(a, b)")
    connection.executemany("insert into t values(?, ?)", ((i, str(i)) for i in range(50)))
    connection.execute("select sum(a), b from t group by b").fetchall()
    connection.close()


when(sqlite3, query)


def run():
    for function in WORK:
        function()
    truth.print_line(json.dumps(method_addresses.collect()))
    truth.print_line("ready")
    while True:
        for function in WORK:
            function()
