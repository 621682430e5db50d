begin; select plan(12);
select tests.given_tale('owner');
select tests.make_user('friend');
select tests.given_bot('default bot', 'owner', now() - interval '1 day');
select tests.given_bot('explicit bot', 'owner', now() - interval '2 days');
select tests.given_bot('newest bot', 'owner', now() + interval '1 day');
select tests.given_bot('friend''s bot', 'friend');
select tests.given_share('friend''s bot', 'owner');
select tests.given_default_bot('default bot', 'owner');
select tests.given_conversation('with a shared bot', 'owner', 'friend''s bot');
-- The name of the bot that answers.
create function pg_temp.answers(conversation text default null, bot text default null) returns text language plpgsql as $$
declare
  v_id text;
begin
  v_id := tests.call_begin('owner', 'a', conversation => answers.conversation, bot => answers.bot) ->> 'bot_id';
  raise sqlstate 'UNDO1' using message = (select b.name from public.bots b where b.id::text = v_id);
exception when sqlstate 'UNDO1' then
  return sqlerrm;
end
$$;
select is(pg_temp.answers('tale', 'explicit bot'), 'explicit bot', 'the explicit bot comes before all others');
select is(pg_temp.answers(null, 'friend''s bot'), 'friend''s bot', 'a shared bot is as good as an own one');
select is(pg_temp.answers('tale'), 'bot', 'the conversation''s comes before the default and the last updated');
select is(pg_temp.answers('with a shared bot'), 'friend''s bot', 'it may be a shared one');
select is(pg_temp.answers(), 'default bot', 'the default comes before the last updated');
update public.user_settings set default_bot_id = tests.key('friend''s bot');
select is(pg_temp.answers(), 'friend''s bot', 'a shared bot may be the default');
savepoint start;

create temp table begun as select tests.call_begin('owner', 'a', parent => 'second answer', bot => 'friend''s bot') as answer;
select is(answer ->> 'access_key', 'key of friend''s bot', 'the worker gets the key of a shared bot') from begun;
select is(bot_id, tests.key('bot'), 'the conversation keeps its own') from public.conversations where id = tests.key('tale');

rollback to start; -- What is gone is passed over.
delete from public.bot_shares;
select is(pg_temp.answers(), 'newest bot', 'a default that the user may not use any more');
update public.user_settings set default_bot_id = tests.key('default bot');
select is(pg_temp.answers('with a shared bot'), 'default bot', 'a conversation''s whose share has ended');
delete from public.bots where id = tests.key('bot');
select is(pg_temp.answers('tale'), 'default bot', 'a conversation''s that was deleted');
delete from public.bots where id = tests.key('default bot');
select is(pg_temp.answers(), 'newest bot', 'a default that was deleted');

select * from finish(); rollback;
