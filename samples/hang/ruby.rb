# Ruby programs that hang, each in a different way: ruby.rb CASE. Each prints its pid once it hangs.
require "socket" if ARGV[0] == "recv"

class Bank
  def initialize
    @first, @second = Mutex.new, Mutex.new
  end

  def first_second
    @first.synchronize do
      sleep 0.2
      @second.lock
    end
  end

  def second_first
    @second.synchronize do
      sleep 0.2
      @first.lock
    end
  end
end

def nap
  sleep 60
end

def hold(mutex)
  mutex.synchronize { nap }
end

def take(mutex)
  mutex.lock
end

def fetch(queue)
  queue.pop
end

def spin
  loop { step 100 }
end

def step(count)
  count.times { |i| i * i }
end

def search # takes years, in C
  ("a" * 60 + "c") =~ /\A(a|a)*\1\z/
end

def ended(thread)
  thread.join
end

def receive(socket)
  socket.recv 10
end

def say
  $stdout.puts $$
  $stdout.flush
end

# Says the pid when the other threads have come to their waits.
def say_later
  Thread.new { sleep 0.4; say }
end

CASES = {
  "deadlock" => lambda {
    bank = Bank.new
    other = Thread.new { bank.second_first }
    Thread.new { loop { sleep 60 } } # or Ruby itself finds the deadlock
    say_later
    bank.first_second
    other.join
  },
  "mutex" => lambda {
    mutex = Mutex.new
    Thread.new { hold mutex }
    sleep 0.1
    say_later
    take mutex
  },
  "queue" => lambda {
    Thread.new { nap }
    say_later
    fetch Queue.new
  },
  "sleep" => lambda { say; nap },
  "join" => lambda {
    thread = Thread.new { nap }
    say_later
    ended thread
  },
  "condition" => lambda {
    mutex, condition = Mutex.new, ConditionVariable.new
    Thread.new { nap }
    say_later
    mutex.synchronize { condition.wait mutex }
  },
  "busy" => lambda { say; spin },
  "gvl" => lambda {
    Thread.new { Thread.current.name = "search"; search }
    say
    spin
  },
  "recv" => lambda {
    server = TCPServer.new "127.0.0.1", 0
    client = TCPSocket.new "127.0.0.1", server.addr[1]
    _accepted = server.accept
    say
    receive client
  },
  "deep" => lambda {
    descend = lambda { |n| n.zero? ? nap : [1].each { descend.call(n - 1) } }
    say
    descend.call 100
  },
}.freeze

work = CASES[ARGV[0]]
abort "usage: ruby.rb CASE\ncases: #{CASES.keys.join(' ')}" unless work
Thread.new { sleep 120; exit! 1 } if %w[busy gvl].include? ARGV[0]
work.call
