begin; select plan(5);
create temp view readers as select reader, role from relay.key_readers() where reader !~ ' tests\.';
select is_empty('select * from readers', 'the relay itself lets nothing else read keys');
create view public.bot_list as select * from public.bots;
select is_empty('select * from readers', 'nor does a view that its owner alone can read');
grant select on public.bot_list to anon;
grant select on public.bots to authenticated;
create function public.keys() returns bigint language sql security definer as 'select count(*) from public.bots';
select bag_eq('select * from readers', $$ values
  ('view public.bot_list', 'anon'), ('table public.bots', 'authenticated'),
  ('security definer function public.keys()', null) $$, 'what an app makes later is named');
drop view public.bot_list;
create view public.bot_list with (security_invoker = true) as select b.id, to_jsonb(b) from public.bots b;
grant select on public.bot_list to anon;
select bag_eq('select * from readers', $$ values
  ('table public.bots', 'authenticated'), ('security definer function public.keys()', null) $$,
  'but for what asks for the rights of its reader');
do $$
begin
  if relay.has_vault() then
    create function public.secrets() returns setof text language sql security definer
      as 'select decrypted_secret from vault.decrypted_secrets';
    create function public.my_url() returns text language sql security definer
      as 'select decrypted_secret from vault.decrypted_secrets where name = ''my url''';
    grant execute on function public.secrets, public.my_url to anon;
    grant select on vault.decrypted_secrets to anon;
  end if;
end
$$;
select bag_eq('select * from readers where reader ~ ''secrets|url''', $$
  select * from (values ('view vault.decrypted_secrets', 'anon'), ('security definer function public.secrets()', null)) as v
  where relay.has_vault() $$, 'so is what shows all of Vault to clients, and not what shows a secret of its own');

select * from finish(); rollback;
