-- Messages form a tree, and no ring: the parent is there before the child, and is not changed later. A path then ends
-- at a root, and a walk along it needs no list of what it has seen.

-- Adopted messages may form a ring: its oldest message becomes a root.
do $$
declare
  v_id relay.message_id;
begin
  create temporary table relay_lost as
  with recursive reached as (
    select m.id from public.messages m where m.parent_id is null
    union all
    select m.id from reached r join public.messages m on m.parent_id = r.id
  )
  select m.id, m.parent_id, m.created_at
  from public.messages m
  where not exists (select 1 from reached r where r.id = m.id);

  loop
    select l.id into v_id from relay_lost l limit 1;
    exit when not found;
    -- After as many steps as there are rows the walk is in the ring, wherever it began.
    for v_step in 1..(select count(*) from relay_lost) loop
      select l.parent_id into v_id from relay_lost l where l.id = v_id;
    end loop;
    with recursive ring as (
      select l.* from relay_lost l where l.id = v_id
      union
      select l.* from ring r join relay_lost l on l.id = r.parent_id
    )
    select r.id into v_id from ring r order by r.created_at, r.id limit 1;
    perform relay.write_quietly(
      'public.messages', format('update public.messages m set parent_id = null where m.id = %L', v_id)
    );
    with recursive below as (
      select l.id from relay_lost l where l.id = v_id
      union
      select l.id from below b join relay_lost l on l.parent_id = b.id
    )
    delete from relay_lost l using below b where l.id = b.id;
  end loop;
  drop table relay_lost;
end;
$$;

-- Foreign keys are checked at the end of a statement, so one that inserts several rows could make a ring of them. Here
-- each row sees those that the statement has written before it, and no others.
create function public.messages_check_parent() returns trigger
language plpgsql set search_path = '' as $$
begin
  if not exists (select 1 from public.messages m where m.id = new.parent_id) then
    raise foreign_key_violation using
      message = 'Cannot add the message: parent_id names a message that is not there yet, not an earlier one',
      table = 'messages', constraint = 'messages_come_after_their_parent';
  end if;
  return new;
end;
$$;
comment on function public.messages_check_parent() is 'Lets a message hang only below one that is there already.';

-- The relay gives a prompt that its client has stored its place once: below a message that nothing hangs below, there is
-- nothing that a ring could be made of.
create function public.messages_keep_parent() returns trigger
language plpgsql set search_path = '' as $$
begin
  if old.parent_id is not null or exists (select 1 from public.messages m where m.parent_id = old.id) then
    raise check_violation using
      message = 'Cannot move the message: parent_id is kept, once it is set or another message hangs below this one',
      table = 'messages', constraint = 'messages_keep_their_parent';
  end if;
  return new;
end;
$$;
comment on function public.messages_keep_parent() is 'Lets a message get a parent once, as long as it has no children.';
revoke all on function public.messages_check_parent, public.messages_keep_parent from public, anon, authenticated;

create trigger messages_check_parent before insert on public.messages
for each row when (new.parent_id is not null) execute function public.messages_check_parent();
create trigger messages_keep_parent before update of parent_id on public.messages
for each row when (new.parent_id is distinct from old.parent_id) execute function public.messages_keep_parent();
