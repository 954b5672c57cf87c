// The jangbu command.
int main() { return 0; }
