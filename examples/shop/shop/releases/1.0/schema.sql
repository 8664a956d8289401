CREATE TABLE products (sku TEXT PRIMARY KEY, name TEXT NOT NULL, cents INTEGER NOT NULL);
CREATE TABLE clerks (name TEXT PRIMARY KEY, salt TEXT NOT NULL, digest TEXT NOT NULL);
CREATE TABLE orders (
    id INTEGER PRIMARY KEY, sku TEXT NOT NULL, quantity INTEGER NOT NULL, cents INTEGER NOT NULL
);
INSERT INTO products VALUES
    ('assam', 'Assam, 100 g', 590), ('darjeeling', 'Darjeeling, 100 g', 890), ('mint', 'Mint, 50 g', 320);
