"""The tables of the SQLite store, as migrations. Append to them; never edit a released one."""

from __future__ import annotations

MIGRATIONS = (
    """
    create table call_record (
        id text primary key,
        document blob not null,
        status text not null,               -- open, due, delivered, parked
        last_report_at real not null,
        due_at real,                        -- earliest delivery
        attempts integer not null default 0,-- failed deliveries while others succeeded
        problem text not null default '',   -- why it is parked or retried
        contact text not null default ''    -- source/id, or /digits of a number
    ) without rowid;
    create index call_record_status on call_record (status, due_at);
    create index call_record_contact on call_record (contact) where contact != '';
    create index call_record_delivered on call_record (last_report_at) where status = 'delivered';
    create index call_record_open on call_record (last_report_at) where status = 'open';
    create table dialog (
        dialog text not null,
        call_key text not null,
        record text not null references call_record on delete cascade,
        primary key (dialog, record)
    ) without rowid;
    create index dialog_call_key on dialog (call_key) where call_key != '';
    create index dialog_record on dialog (record);
    create table merged_record (id text primary key, record text not null) without rowid;
    create index merged_record_record on merged_record (record);
    create table never_logged (dialog text primary key, recorded_at real not null) without rowid;
    create index never_logged_recorded_at on never_logged (recorded_at);
    create table listed_number (
        list text not null, number text not null,
        given text not null, reason text not null, author text not null, added_at real not null,
        primary key (list, number)
    ) without rowid;
    create table audit (
        id integer primary key,
        recorded_at real not null,
        agent text not null, action text not null, number text not null, detail text not null
    );
    create table callback (
        id text primary key,
        agent text not null, status text not null, due_at text not null, document blob not null
    ) without rowid;
    create index callback_agent on callback (agent, status, due_at);
    create table roster (
        login_id text primary key,
        team_id text not null, name text not null, extension text not null, state text not null,
        updated_at real not null
    ) without rowid;
    create index roster_team on roster (team_id, updated_at);
    create table lease (name text primary key, worker text not null, expires_at real not null)
        without rowid;
    """,
    # The columns of the key first: SQLite 3.40 otherwise reports NULL values in `integrity_check`.
    """
    alter table dialog rename to dialog_of_1;
    create table dialog (
        dialog text not null,
        record text not null references call_record on delete cascade,
        call_key text not null,
        primary key (dialog, record)
    ) without rowid;
    insert into dialog (dialog, record, call_key)
        select dialog, record, call_key from dialog_of_1;
    drop table dialog_of_1;
    create index dialog_call_key on dialog (call_key) where call_key != '';
    create index dialog_record on dialog (record);
    create index call_record_unverified on call_record (last_report_at)
        where status = 'unverified';
    create table outage (started_at real not null, ended_at real not null);
    create index outage_ended_at on outage (ended_at);
    """,
    # 1 once a delivery was begun. Delivered records of earlier versions count as sent.
    """
    alter table call_record add column sent integer not null default 0;
    """,
    # Names of rings began with the agent, and were counted as their unverified calls. They find a
    # call for seconds only.
    """
    delete from dialog where dialog like '%//%';
    """,
    # Which contact the agents chose for a number.
    """
    create table contact_choice (
        number text primary key,
        contact text not null, chosen_by text not null, name text not null,
        chosen_at real not null
    ) without rowid;
    """,
    # Beginnings of numbers, scopes, actions, expiry and proposals on number lists. `position` is
    # the order in which entries are listed.
    """
    create table list_entry (
        position integer primary key autoincrement,
        id text not null,
        list text not null, number text not null, is_prefix integer not null,
        dialled text not null, team text not null,
        given text not null, action text not null, target text not null, reason text not null,
        author text not null, author_name text not null, added_at real not null,
        expires_at real, state text not null
    );
    create unique index list_entry_number
        on list_entry (number, list, is_prefix, dialled, team);
    create index list_entry_id on list_entry (id);
    create index list_entry_list on list_entry (list);
    create index list_entry_proposed on list_entry (list) where state = 'proposed';
    insert into list_entry (id, list, number, is_prefix, dialled, team, given, action, target,
                            reason, author, author_name, added_at, expires_at, state)
        select lower(hex(randomblob(8))), list, number, 0, '', '', given, '', '',
               reason, author, '', added_at, null, 'effective'
        from listed_number order by added_at;
    drop table listed_number;
    """,
    # Keys of programs that have no agent.
    """
    create table api_key (id text primary key, document blob not null) without rowid;
    """,
    # What other programs read of what happens. `id` is the order, and is never used again.
    """
    create table event (
        id integer primary key autoincrement,
        recorded_at real not null, type text not null, agents text not null, team text not null,
        data blob not null
    );
    create index event_recorded_at on event (recorded_at);
    """,
    # Several workers write the events of a call, and one may write an event that is saved already.
    """
    alter table event rename column team to teams;
    alter table event add column subject text not null default '';
    alter table event add column token text;
    create unique index event_token on event (token);
    create index event_subject on event (subject, id) where subject <> '';
    """,
    # Messages of supervisors to agents.
    """
    create table coaching_message (
        id text primary key,
        agent text not null, sent_at real not null, is_read integer not null,
        document blob not null
    ) without rowid;
    create index coaching_message_agent on coaching_message (agent, sent_at);
    create index coaching_message_unread on coaching_message (agent) where is_read = 0;
    create index coaching_message_sent_at on coaching_message (sent_at);
    """,
    # Apart from the key, so that noting its use cannot undo a revocation.
    """
    create table api_key_use (id text primary key, used_at real not null) without rowid;
    """,
    """
    alter table roster add column state_since text not null default '';
    """,
    # The last calls of a contact, or of a number that nobody has: /digits instead of source/id.
    """
    drop index call_record_contact;
    create index call_record_contact on call_record (contact, last_report_at) where contact != '';
    """,
)
