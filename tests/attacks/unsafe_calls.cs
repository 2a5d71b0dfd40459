// expect: success
// holds: done
// Native calls, processes and sockets out of managed code.
using System;
using System.Diagnostics;
using System.IO;
using System.Net.Sockets;
using System.Runtime.InteropServices;
class P {
    [DllImport("libc")] static extern int setuid(int id);
    [DllImport("libc")] static extern int kill(int process, int signal);
    [DllImport("libc")] static extern int mount(string from, string to, string kind, IntPtr flags, IntPtr data);
    static void Try(string what, Action action) {
        try { action(); Console.WriteLine("WORKED: " + what); } catch (Exception) { }
    }
    static void Main() {
        if (setuid(0) == 0 || kill(1, 9) == 0 || mount("none", "/tmp", "tmpfs", IntPtr.Zero, IntPtr.Zero) == 0) Console.WriteLine("WORKED");
        Try("shadow", () => File.ReadAllText("/etc/shadow"));
        Try("environ", () => File.ReadAllText("/proc/1/environ"));
        Try("agent", () => File.WriteAllText("/runnel/agent", ""));
        Try("docker", () => new TcpClient("172.17.0.1", 2375));
        Try("itself", () => new TcpClient("127.0.0.1", 22));
        Try("name", () => System.Net.Dns.GetHostEntry("example.org"));
        if (Process.GetProcesses().Length > 3) Console.WriteLine("FOUND: others");
        Console.WriteLine("done");
    }
}
