-- The first step of relay_begin: its two locks, always in this order. The user's lock makes the counts exact; the
-- stream's decides between two users that name the same stream_id before anything is written.
create function relay.wait_for_lock(class integer, key integer) returns boolean
language plpgsql set search_path = '' set lock_timeout = '1s' as $$
begin
  perform pg_advisory_xact_lock(class, key);
  return true;
exception when lock_not_available then
  return false;
end;
$$;
comment on function relay.wait_for_lock is 'Takes the lock within a second, until the end of the transaction, or says false.';

-- A waiting start holds one of the ten connections that the Data API has by default. So at most four starts of one user
-- wait, each with a lock of its own (the classes 7311 to 7314), and the next is refused at once.
create function relay.lock_start(user_id uuid, stream_id text) returns boolean
language plpgsql set search_path = '' as $$
declare
  v_user constant integer := hashtext(lock_start.user_id::text);
  v_stream constant integer := hashtext(lock_start.stream_id);
begin
  if not pg_try_advisory_xact_lock(7301, v_user) then
    if not exists (select 1 from generate_series(7311, 7314) as place where pg_try_advisory_xact_lock(place, v_user)) then
      return false;
    end if;
    if not relay.wait_for_lock(7301, v_user) then
      return false;
    end if;
  end if;
  return pg_try_advisory_xact_lock(7302, v_stream) or relay.wait_for_lock(7302, v_stream);
end;
$$;
comment on function relay.lock_start is
  'Takes the locks of a start; false: others of the user''s hold them, and enough wait already, or this one has waited '
  'for a second.';
