namespace Shapes
{
    public interface IShape
    {
        double Area { get; }
    }

    public class Square : IShape
    {
        readonly double side;
        public Square(double side) { this.side = side; }
        public double Area => side * side;
    }
}
