using System;
using System.Linq;

class Program
{
    static void Main()
    {
        int count = int.Parse(Console.ReadLine());
        var numbers = Enumerable.Range(0, count).Select(_ => long.Parse(Console.ReadLine())).ToList();
        Console.WriteLine(numbers.Sum());
        string line;
        while ((line = Console.ReadLine()) != null) Console.WriteLine(line.ToUpperInvariant());
    }
}
