using System;

class Program
{
    static int Main(string[] args)
    {
        foreach (var arg in args) Console.WriteLine($"[{arg}]");
        return args.Length;
    }
}
