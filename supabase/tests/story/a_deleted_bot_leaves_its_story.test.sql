begin;
select plan(4);

select tests.given_tale('owner');
select tests.given_default_bot('bot', 'owner');
select tests.call_begin('owner', 'first', conversation => 'tale');
select tests.call_finish('first');

select lives_ok('delete from public.bots', 'a bot can be deleted');
select results_eq('select title, bot_id from public.conversations', $$ values ('tale', null::uuid) $$, 'its stories stay');
select is(count(*), 8::bigint, 'with all that it said') from public.messages;
select is(default_bot_id, null, 'it is nobody''s default any more') from public.user_settings;

select * from finish();
rollback;
