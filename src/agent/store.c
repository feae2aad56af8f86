#include "agent/store.h"
bool store_find(int directory, const char *path, unsigned long flags, const struct stat *status,
		struct owner_record *record)
{
	(void)directory;
	(void)path;
	(void)flags;
	(void)status;
	(void)record;
	return false;
}
long store_put(int directory, const char *path, unsigned long flags, const struct stat *status,
	       const struct owner_record *record)
{
	(void)directory;
	(void)path;
	(void)flags;
	(void)status;
	(void)record;
	return 0;
}
long store_remove(int directory, const char *path, unsigned long flags, const struct stat *status)
{
	(void)directory;
	(void)path;
	(void)flags;
	(void)status;
	return 0;
}
