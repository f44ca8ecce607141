"""Node, Java, Ruby, PHP and Go: a small server each."""

import subprocess

from machine import IDLE, Service, Situation, of

NODE = '''
const http = require('http');
http.createServer((request, response) => {
  if (request.url === '/crunch') for (;;) ;
  response.end('ok');
}).listen(%d, '127.0.0.1');
'''

JAVA = '''
import java.net.*;

public class Server {
    static final Object first = new Object(), second = new Object();

    static void take(Object a, Object b) {
        synchronized (a) {
            try { Thread.sleep(300); } catch (InterruptedException e) { }
            synchronized (b) { System.out.println("both"); }
        }
    }

    public static void main(String[] words) throws Exception {
        ServerSocket server = new ServerSocket(%d, 5, InetAddress.getByName("127.0.0.1"));
        server.accept().close();
        if (words[0].equals("crunch")) { long x = 0; while (true) x++; }
        if (words[0].equals("deadlock")) {
            Thread other = new Thread(() -> take(second, first));
            other.start();
            take(first, second);
        }
        while (true) server.accept().close();
    }
}
'''

RUBY = '''
require 'socket'
server = TCPServer.new('127.0.0.1', %d)
def wait_for_peer(port)
  TCPSocket.new('127.0.0.1', port).read(1)
end
def crunch
  x = 0
  loop { x += 1 }
end
loop do
  client = server.accept
  request = client.gets
  wait_for_peer(%d) if request&.include?('/wait')
  crunch if request&.include?('/crunch')
  client.close
end
'''

PHP = '''<?php
if ($_SERVER['REQUEST_URI'] === '/wait') {
    $peer = fsockopen('127.0.0.1', %d);
    stream_set_timeout($peer, 1000);
    fread($peer, 1);
}
if ($_SERVER['REQUEST_URI'] === '/crunch') {
    for ($x = 0; ; $x++);
}
echo 'ok';
'''

GO = '''package main

import (
	"net"
	"net/http"
	"os"
	"sync"
)

func crunch() {
	for x := 0; ; x++ {
	}
}

func main() {
	var lock sync.Mutex
	http.HandleFunc("/crunch", func(w http.ResponseWriter, r *http.Request) { crunch() })
	http.HandleFunc("/lock", func(w http.ResponseWriter, r *http.Request) { lock.Lock() })
	listener, _ := net.Listen("tcp", "127.0.0.1:"+os.Args[1])
	http.Serve(listener, nil)
}
'''


def start_node(machine, *paths):
    port = machine.port()
    process = machine.start("node", machine.write("server.js", NODE % port), port=port,
                            settle=0.5)
    for path in paths:
        machine.get(port, path)
    return process.pid


def start_java(machine, word):
    port = machine.port()
    machine.write("Server.java", JAVA % port)
    subprocess.run(["javac", "Server.java"], cwd=machine.folder, check=True, timeout=120)
    return machine.start("java", "Server", word, port=port, settle=1.5).pid


def start_ruby(machine, *paths):
    port = machine.port()
    script = machine.write("server.rb", RUBY % (port, machine.silent_port()))
    process = machine.start("ruby", script, port=port, settle=0.5)
    for path in paths:
        machine.get(port, path)
    return process.pid


def start_php(machine, *paths):
    port = machine.port()
    machine.write("index.php", PHP % machine.silent_port())
    process = machine.start("php", "-S", "127.0.0.1:%d" % port, "index.php", port=port,
                            settle=0.5)
    for path in paths:
        machine.get(port, path)
    return process.pid


def start_go(machine, *paths):
    port = machine.port()
    machine.write("server.go", GO)
    subprocess.run(["go", "build", "-o", "server", "server.go"], cwd=machine.folder, check=True,
                   timeout=300, env={"PATH": "/usr/bin:/bin", "HOME": machine.folder,
                                     "GOCACHE": machine.path("cache"), "GO111MODULE": "off"})
    process = machine.start(machine.path("server"), port, port=port, settle=0.5)
    for path in paths:
        machine.get(port, path)
    return process.pid


RUNTIMES = [
    Service("node", ("nodejs",), ("node",), [
        Situation("idle", of(start_node), *IDLE),
        Situation("busy", of(start_node, "/crunch"), ("busy",), r"\d+ %|on CPU"),
    ]),
    Service("java", ("default-jdk-headless",), ("java", "javac"), [
        Situation("idle", of(start_java, "serve"), ("idle", "wait"), "jstack"),
        Situation("busy", of(start_java, "crunch"), ("busy",), "jstack"),
        Situation("stuck", of(start_java, "deadlock"), ("lock",), "jstack"),
    ]),
    Service("ruby", ("ruby",), ("ruby",), [
        Situation("idle", of(start_ruby), *IDLE),
        Situation("busy", of(start_ruby, "/crunch HTTP/1.1"), ("busy",),
                  r"crunch.* at server.rb:\d+"),
        Situation("stuck", of(start_ruby, "/wait HTTP/1.1"), ("io",),
                  r"wait_for_peer at server.rb:\d+"),
    ]),
    Service("php", ("php-cli",), ("php",), [
        Situation("idle", of(start_php), *IDLE),
        Situation("busy", of(start_php, "/crunch"), ("busy",), r"\d+ %|on CPU"),
        Situation("stuck", of(start_php, "/wait"), ("io",), r"127.0.0.1:\d+"),
    ]),
    Service("go", ("golang-go",), ("go",), [
        Situation("idle", of(start_go), ("idle",), "goroutines"),
        Situation("busy", of(start_go, "/crunch"), ("busy",), "goroutines"),
        Situation("stuck", of(start_go, "/lock", "/lock"), ("idle", "unknown", "wait"),
                  "goroutines"),
    ]),
]
