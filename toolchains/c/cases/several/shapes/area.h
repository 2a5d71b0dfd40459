#pragma once
double area(double r);
