/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How attributes that only root may set are kept, as the user's: with this in front of their names. */
#ifndef AGENT_XATTR_H
#define AGENT_XATTR_H

#define XATTR_HIDDEN "user.proot."

#endif
