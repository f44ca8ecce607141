// Java programs that hang, each in a different way: java java.java CASE. Each prints its pid.
class Hang {
	static final Object first = new Object(), second = new Object();

	static void take(Object one, Object other) {
		synchronized (one) {
			nap(500);
			synchronized (other) {
				nap(1);
			}
		}
	}

	static void nap(long milliseconds) {
		try {
			Thread.sleep(milliseconds);
		} catch (InterruptedException e) {
			throw new RuntimeException(e);
		}
	}

	static void spin() {
		for (long i = 0;; i++)
			if (i == -1)
				System.out.println(i);
	}

	static void say() {
		System.out.println(ProcessHandle.current().pid());
	}

	public static void main(String[] arguments) {
		if (arguments.length == 1 && arguments[0].equals("locks")) {
			new Thread(() -> take(second, first)).start();
			new Thread(() -> { nap(1000); say(); }).start();
			take(first, second);
		} else if (arguments.length == 1 && arguments[0].equals("spin")) {
			say();
			spin();
		} else {
			System.err.println("usage: java java.java locks|spin");
			System.exit(2);
		}
	}
}
