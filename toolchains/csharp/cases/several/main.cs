using System;
using System.IO;
using Shapes;

class Program
{
    static void Main()
    {
        foreach (var line in File.ReadAllLines("sizes.txt"))
        {
            IShape shape = new Square(double.Parse(line));
            Console.WriteLine("{0:F2}", shape.Area);
        }
        File.WriteAllText("made.txt", "made here");
        Console.WriteLine(File.ReadAllText("made.txt"));
        Environment.Exit(6);
    }
}
