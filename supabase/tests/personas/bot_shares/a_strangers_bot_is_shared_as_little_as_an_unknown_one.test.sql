begin;
select plan(2);

select tests.make_user('owner');
select tests.make_user('stranger');
select tests.given_bot('bot', 'owner');

select tests.sign_in_as('stranger');
select throws_ok(
  format('insert into public.bot_shares (bot_id, user_id) values (tests.id(%L), tests.id(%L))', bot, 'stranger'),
  '42501', 'new row violates row-level security policy for table "bot_shares"', bot || ' is not shared with oneself'
) from unnest(array['bot', 'no bot']) as bot;

select * from finish();
rollback;
