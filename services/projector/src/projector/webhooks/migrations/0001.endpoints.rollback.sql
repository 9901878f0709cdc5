DROP TABLE lanes;
DROP TABLE endpoints;
