// An exception that nobody catches is told on stderr, with the program's own file and line.
using System;

class Program
{
    static void Fail(int depth)
    {
        if (depth == 0) throw new InvalidOperationException("nobody catches this");
        Fail(depth - 1);
    }

    static int Main()
    {
        try { Fail(1); }
        catch (InvalidOperationException e) when (e.Message.Length > 3) { Console.WriteLine("caught"); }
        finally { Console.Error.WriteLine("finally"); }
        Fail(2);
        return 0;
    }
}
