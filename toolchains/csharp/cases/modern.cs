// What the language and its library have: async, tuples, LINQ, dynamic, big numbers, regular expressions, threads.
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Numerics;
using System.Text.RegularExpressions;
using System.Threading.Tasks;

class Program
{
    static async Task<int> Later(int n)
    {
        await Task.Delay(10);
        return n * n;
    }

    static (int Min, int Max) Range(IEnumerable<int> numbers) => (numbers.Min(), numbers.Max());

    static IEnumerable<int> Squares()
    {
        for (int i = 1; ; i++) yield return i * i;
    }

    static void Main()
    {
        Console.WriteLine(Task.WhenAll(Enumerable.Range(1, 5).Select(Later)).Result.Sum());
        var range = Range(Squares().Skip(1).Take(3));
        Console.WriteLine($"{range.Min} {range.Max} {1000000:N0}");
        var words = from word in "the quick brown fox the end".Split(' ') group word by word.Length into g orderby g.Key select $"{g.Key}:{g.Count()}";
        Console.WriteLine(string.Join(" ", words));
        dynamic thing = "text";
        object boxed = 42;
        if (boxed is int number && int.TryParse("8", out var parsed)) Console.WriteLine(thing.Length + number + parsed);
        Console.WriteLine(BigInteger.Pow(2, 100));
        Console.WriteLine(Regex.Replace("a1b22", @"\d+", m => $"<{m.Value}>"));
        var seen = new ConcurrentDictionary<int, bool>();
        Parallel.For(0, 1000, i => seen[i % 10] = true);
        Console.WriteLine(seen.Count + " " + (boxed as string)?.Length + "|" + nameof(Squares));
    }
}
