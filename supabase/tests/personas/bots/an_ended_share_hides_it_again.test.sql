begin;
select plan(2);

select tests.make_user('owner');
select tests.make_user('friend');
select tests.given_bot('bot', 'owner');
select tests.given_share('bot', 'friend');

select tests.sign_in_as('friend');
select is(count(*), 1::bigint, 'the bot is there') from public.bots;
select tests.sign_in_as('owner');
delete from public.bot_shares;
select tests.sign_in_as('friend');
select is(count(*), 0::bigint, 'and is not') from public.bots;

select * from finish();
rollback;
