console.log('a program that does not read must end even if input never does');
