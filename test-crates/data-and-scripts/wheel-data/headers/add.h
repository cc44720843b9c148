unsigned add(unsigned, unsigned);
